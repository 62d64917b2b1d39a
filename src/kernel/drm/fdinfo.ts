import type { DrmFile } from "./file.ts";

/** What /proc/<pid>/fdinfo/<fd> says of a DRM file: the keys of Documentation/gpu/drm-usage-stats.rst. */
export function fdinfo(file: DrmFile): string {
  const { device } = file;
  const { profile } = device.gpu;
  const memory = { vram: [0, 0], system: [0, 0] };
  for (const object of new Set([...file.objects.entries()].map(([, object]) => object))) {
    const [total, shared] = memory[object.backing.placement] as [number, number];
    memory[object.backing.placement] = [total + object.size, shared + (object.handleCount > 1 ? object.size : 0)];
  }
  const region = (name: string, [total, shared]: readonly number[]): string[] => [
    `drm-total-${name}:\t${total! / 1024} KiB`,
    `drm-shared-${name}:\t${shared! / 1024} KiB`,
    `drm-resident-${name}:\t${total! / 1024} KiB`,
  ];
  return `${[
    `drm-driver:\t${device.driver}`,
    `drm-client-id:\t${file.clientId}`,
    `drm-pdev:\t${device.name}`,
    ...region("vram0", memory.vram),
    ...region("gtt", memory.system),
    `drm-engine-compute:\t${file.engineNs.compute} ns`,
    `drm-engine-capacity-compute:\t${profile.limits.maxConcurrentKernels}`,
    `drm-engine-copy:\t${file.engineNs.copy} ns`,
    `drm-engine-capacity-copy:\t${profile.copyEngines}`,
    `drm-cycles-compute:\t${Math.round((file.engineNs.compute * profile.clockHz) / 1e9)}`,
    `drm-maxfreq-compute:\t${Math.round(profile.clockHz / 1e6)} MHz`,
  ].join("\n")}\n`;
}
