import { Errno } from "../errors.ts";
import type { FileProvider } from "../fs/vfs.ts";

/** Where the values stand, as a path of the object manager. */
export const GRAPHICS_DRIVERS = "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\GraphicsDrivers";

/** The DWORD values that timeout detection and recovery obey (windows-driver-docs, "TDR registry keys"). */
export interface GraphicsRegistry {
  /** 0: no detection. 1: bug check on timeout. 2: recover to VGA (never implemented by Windows: as 3). 3: recover. */
  readonly TdrLevel: number;
  /** Seconds that the GPU may take to obey a preemption request. */
  readonly TdrDelay: number;
  /** Seconds that a thread may stay in the driver. */
  readonly TdrDdiDelay: number;
  /** 0: break into a debugger first. 1: ignore timeouts. 2: recover. 3: recover, whatever the limits say. */
  readonly TdrDebugMode: number;
  /** Seconds in which at most TdrLimitCount adapter recoveries are borne. */
  readonly TdrLimitTime: number;
  /** See TdrLimitTime. */
  readonly TdrLimitCount: number;
}

/** What holds where the registry has no value. */
export const registryDefaults: GraphicsRegistry = { TdrLevel: 3, TdrDelay: 2, TdrDdiDelay: 5, TdrDebugMode: 2, TdrLimitTime: 60, TdrLimitCount: 5 };

/** Name of a value. */
export type RegistryValue = keyof GraphicsRegistry;

/** The names, in the order of the documentation. */
export const registryValues: readonly RegistryValue[] = Object.keys(registryDefaults) as RegistryValue[];

/** Largest DWORD. */
const MAX_DWORD = 0xffff_ffff;

/**
 * The GraphicsDrivers key. Programs read and write its values as files below `GRAPHICS_DRIVERS`, where a real one would call RegGetValueW and RegSetValueExW; what is not set has its
 * default. NON-SPEC: a change holds from the next timer on; Windows wants a restart.
 */
export class Registry implements FileProvider {
  private readonly set = new Map<RegistryValue, number>();

  /** @throws RangeError when a value is no DWORD */
  constructor(values: Partial<GraphicsRegistry> = {}) {
    for (const name of registryValues) {
      const value = values[name];
      if (value === undefined) continue;
      if (!isDword(value)) throw new RangeError(`registry value ${name} must be a whole number from 0 to ${MAX_DWORD}`);
      this.set.set(name, value);
    }
  }

  /** The value that holds. */
  get(name: RegistryValue): number {
    return this.set.get(name) ?? registryDefaults[name];
  }

  list(path: string): readonly string[] | null {
    return path === GRAPHICS_DRIVERS ? [...this.set.keys()] : null;
  }

  read(path: string): string | number | null {
    const name = valueOf(path);
    if (name === null) return null;
    const value = this.set.get(name);
    return value === undefined ? -Errno.ENOENT : String(value);
  }

  write(path: string, text: string): number {
    const name = valueOf(path);
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (name === null || !isDword(value)) return -Errno.EINVAL;
    this.set.set(name, value);
    return text.length;
  }
}

function isDword(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_DWORD;
}

/** The value that a path names; null for another path. */
function valueOf(path: string): RegistryValue | null {
  const name = path.startsWith(`${GRAPHICS_DRIVERS}\\`) ? path.slice(GRAPHICS_DRIVERS.length + 1) : "";
  return registryValues.find((value) => value === name) ?? null;
}
