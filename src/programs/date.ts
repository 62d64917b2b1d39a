import type { Sys } from "../kernel/sys/sys.ts";

const days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number): string => String(n).padStart(2, "0");

/** Wall clock time in milliseconds since 1970: boot time (/proc/stat) and the time since. */
export function wallClock(sys: Sys): number {
  const stat = sys.readFile("/proc/stat");
  const boot = Number(/^btime (\d+)$/m.exec(typeof stat === "string" ? stat : "")?.[1] ?? 0);
  return boot * 1000 + Math.floor(sys.clockGettime() / 1e6);
}

/** A moment by calendar and clock, in UTC. The machine's own clock is no JavaScript date. */
interface Civil {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly weekday: string;
  readonly clock: string;
  readonly ms: number;
}

/** Days since 1970 to year, month and day: Howard Hinnant's civil_from_days, over eras of 400 years that begin in March. */
function civil(ms: number): Civil {
  const dayCount = Math.floor(ms / 86_400_000);
  const shifted = dayCount + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * ofYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const seconds = Math.floor((ms - dayCount * 86_400_000) / 1000);
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: ofYear - Math.floor((153 * marchMonth + 2) / 5) + 1, weekday: days[((dayCount % 7) + 7) % 7]!,
    clock: `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`, ms: ms % 1000,
  };
}

/** "Thu Jan  1 00:00:26 2026": ctime(3) in the C locale. @param ms milliseconds since 1970 */
export function ctime(ms: number): string {
  const d = civil(ms);
  return `${d.weekday} ${months[d.month - 1]!} ${String(d.day).padStart(2)} ${d.clock} ${d.year}`;
}

/** "2026/01/01 00:00:26.742": NVIDIA's time stamps. @param ms milliseconds since 1970 */
export function stamp(ms: number): string {
  const d = civil(ms);
  return `${d.year}/${two(d.month)}/${two(d.day)} ${d.clock}.${String(d.ms).padStart(3, "0")}`;
}
