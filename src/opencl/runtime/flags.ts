import {
  CL_MAP_READ, CL_MAP_WRITE, CL_MAP_WRITE_INVALIDATE_REGION, CL_MEM_ALLOC_HOST_PTR, CL_MEM_COPY_HOST_PTR, CL_MEM_HOST_NO_ACCESS, CL_MEM_HOST_READ_ONLY, CL_MEM_HOST_WRITE_ONLY,
  CL_MEM_READ_ONLY, CL_MEM_READ_WRITE, CL_MEM_SVM_ATOMICS, CL_MEM_SVM_FINE_GRAIN_BUFFER, CL_MEM_USE_HOST_PTR, CL_MEM_WRITE_ONLY,
} from "../abi/constants.ts";

/** Kernel access: mutually exclusive. */
export const DEVICE_ACCESS: number = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY;
/** Host access: mutually exclusive. */
export const HOST_ACCESS: number = CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS;
/** Where the memory comes from. */
export const HOST_POINTER: number = CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR;

function several(bits: number): boolean {
  return (bits & (bits - 1)) !== 0;
}

/** Why flags of a memory object are not valid (API specification, table of memory flags), or null. */
export function badMemFlags(flags: number): string | null {
  if ((flags & ~(DEVICE_ACCESS | HOST_ACCESS | HOST_POINTER)) !== 0 || flags < 0) return "flags must hold known bits only";
  if (several(flags & DEVICE_ACCESS)) return "CL_MEM_READ_WRITE, CL_MEM_WRITE_ONLY and CL_MEM_READ_ONLY are mutually exclusive";
  if (several(flags & HOST_ACCESS)) return "CL_MEM_HOST_WRITE_ONLY, CL_MEM_HOST_READ_ONLY and CL_MEM_HOST_NO_ACCESS are mutually exclusive";
  if ((flags & CL_MEM_USE_HOST_PTR) !== 0 && (flags & (CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR)) !== 0) return "CL_MEM_USE_HOST_PTR excludes CL_MEM_ALLOC_HOST_PTR and CL_MEM_COPY_HOST_PTR";
  return null;
}

/** Why flags of clSVMAlloc are not valid, or null. */
export function badSvmFlags(flags: number): string | null {
  if ((flags & ~(DEVICE_ACCESS | CL_MEM_SVM_FINE_GRAIN_BUFFER | CL_MEM_SVM_ATOMICS)) !== 0 || flags < 0) return "flags must hold known bits only";
  if (several(flags & DEVICE_ACCESS)) return "CL_MEM_READ_WRITE, CL_MEM_WRITE_ONLY and CL_MEM_READ_ONLY are mutually exclusive";
  if ((flags & CL_MEM_SVM_ATOMICS) !== 0 && (flags & CL_MEM_SVM_FINE_GRAIN_BUFFER) === 0) return "CL_MEM_SVM_ATOMICS needs CL_MEM_SVM_FINE_GRAIN_BUFFER";
  return null;
}

/** Why map flags are not valid, or null. */
export function badMapFlags(flags: number): string | null {
  if ((flags & ~(CL_MAP_READ | CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION)) !== 0 || flags < 0) return "map_flags must hold known bits only";
  if ((flags & CL_MAP_WRITE_INVALIDATE_REGION) !== 0 && (flags & (CL_MAP_READ | CL_MAP_WRITE)) !== 0) return "CL_MAP_WRITE_INVALIDATE_REGION excludes CL_MAP_READ and CL_MAP_WRITE";
  return null;
}

/** Whether a region mapped so may be written by the host. */
export function mapsForWriting(flags: number): boolean {
  return (flags & (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION)) !== 0;
}

/** Why a part of a memory object (a sub-buffer, an image made of it) may not have these flags, or null. */
export function badPartFlags(flags: number, parent: number): string | null {
  const bad = badMemFlags(flags);
  if (bad !== null) return bad;
  if ((flags & HOST_POINTER) !== 0) return "flags must not hold CL_MEM_USE_HOST_PTR, CL_MEM_ALLOC_HOST_PTR or CL_MEM_COPY_HOST_PTR";
  if ((parent & CL_MEM_WRITE_ONLY) !== 0 && (flags & (CL_MEM_READ_WRITE | CL_MEM_READ_ONLY)) !== 0) return "a part of a CL_MEM_WRITE_ONLY memory object cannot be read by kernels";
  if ((parent & CL_MEM_READ_ONLY) !== 0 && (flags & (CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY)) !== 0) return "a part of a CL_MEM_READ_ONLY memory object cannot be written by kernels";
  if ((parent & CL_MEM_HOST_WRITE_ONLY) !== 0 && (flags & CL_MEM_HOST_READ_ONLY) !== 0) return "a part of a CL_MEM_HOST_WRITE_ONLY memory object cannot be read by the host";
  if ((parent & CL_MEM_HOST_READ_ONLY) !== 0 && (flags & CL_MEM_HOST_WRITE_ONLY) !== 0) return "a part of a CL_MEM_HOST_READ_ONLY memory object cannot be written by the host";
  if ((parent & CL_MEM_HOST_NO_ACCESS) !== 0 && (flags & HOST_ACCESS & ~CL_MEM_HOST_NO_ACCESS) !== 0) return "a part of a CL_MEM_HOST_NO_ACCESS memory object cannot be accessed by the host";
  return null;
}

/** Access of a part of a memory object: what it names itself, else its parent's. */
export function inherit(flags: number, parent: number): number {
  const device = (flags & DEVICE_ACCESS) !== 0 ? flags & DEVICE_ACCESS : parent & DEVICE_ACCESS;
  const host = (flags & HOST_ACCESS) !== 0 ? flags & HOST_ACCESS : parent & HOST_ACCESS;
  return device | host | (parent & HOST_POINTER);
}
