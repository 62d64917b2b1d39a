import { FRAME } from "../../gpu/frames.ts";
import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";

/** -ENOENT: VM; -EINVAL: not whole pages of a mirrored range, an unknown attribute or value, no such GPU. */
export function svmAttr(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_SVM_ATTR"]): number {
  const vm = file.vms.get(arg.vm);
  if (vm === undefined) return -Errno.ENOENT;
  const { address, size, attribute, value } = arg;
  if (!Number.isSafeInteger(address) || !Number.isSafeInteger(size) || address % FRAME !== 0 || size % FRAME !== 0 || size <= 0) return -Errno.EINVAL;
  if (vm.svm === null || !vm.svm.gpusvm.mirrored.covers(address, address + size)) return -Errno.EINVAL;
  const gpu = typeof value === "number" && file.device.core.isGpu(value) ? value : null;
  const { attributes } = file.device.core.svm.stateOf(caller.process.mm);
  switch (attribute) {
    case "preferred-location":
      if (gpu === null && value !== "ram" && value !== null) return -Errno.EINVAL;
      attributes.change(address, address + size, () => ({ preferred: gpu ?? (value === "ram" ? "ram" : null) }));
      return 0;
    case "accessed-by":
    case "not-accessed-by": {
      const who: number | "ram" | null = gpu ?? (value === "ram" ? "ram" : null);
      if (who === null) return -Errno.EINVAL;
      attributes.change(address, address + size, ({ accessedBy }) => {
        const others = accessedBy.filter((other) => other !== who);
        return { accessedBy: attribute === "accessed-by" ? [...others, who] : others };
      });
      return 0;
    }
    case "read-mostly":
      if (typeof value !== "boolean") return -Errno.EINVAL;
      attributes.change(address, address + size, () => ({ readMostly: value }));
      // Without it there are no copies any more.
      if (!value) for (const page of [...caller.process.mm.residency.copied]) if (page >= address && page < address + size) caller.process.mm.residency.collapse(page);
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

/** -ENOENT: VM; -EFAULT: the process has no such page. */
export function svmQuery(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_SVM_QUERY"]): number {
  const vm = file.vms.get(arg.vm);
  if (vm === undefined) return -Errno.ENOENT;
  const { mm } = caller.process;
  const vma = mm.find(arg.address);
  if (vma === null || vma.linear < 0) return -Errno.EFAULT;
  const page = arg.address - (arg.address % FRAME);
  const { core } = file.device;
  const owner = mm.residency.away.get(page)?.owner;
  arg.location = owner === undefined ? "ram" : core.gpuOf(owner);
  arg.mapped = vm.pageTable.entry(page) !== 0;
  const { preferred, accessedBy, readMostly, lastPrefetch } = core.svm.stateOf(mm).attributes.get(page);
  Object.assign(arg, { preferred, accessedBy, readMostly, lastPrefetch });
  return 0;
}
