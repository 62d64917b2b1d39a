import { memoryLines } from "../ttm/fdinfo.ts";
import type { DrmFile } from "./file.ts";

/** What /proc/<pid>/fdinfo/<fd> says of a DRM file: the keys of Documentation/gpu/drm-usage-stats.rst. */
export function fdinfo(file: DrmFile): string {
  const { device } = file;
  const { profile } = device.gpu;
  return `${[
    `drm-driver:\t${device.driver}`,
    `drm-client-id:\t${file.clientId}`,
    `drm-pdev:\t${device.name}`,
    ...memoryLines(file),
    `drm-engine-compute:\t${file.engineNs.compute} ns`,
    `drm-engine-capacity-compute:\t${profile.limits.maxConcurrentKernels}`,
    `drm-engine-copy:\t${file.engineNs.copy} ns`,
    `drm-engine-capacity-copy:\t${profile.copyEngines}`,
    `drm-cycles-compute:\t${Math.round((file.engineNs.compute * profile.clockHz) / 1e9)}`,
    `drm-maxfreq-compute:\t${Math.round(profile.clockHz / 1e6)} MHz`,
  ].join("\n")}\n`;
}
