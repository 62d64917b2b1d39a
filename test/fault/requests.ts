import { permissions } from "../../src/kernel/drm/permit.ts";

/** Names of all requests of DRM nodes but those that give something back, which a program cannot do anything about. */
export function handlersOf(): readonly string[] {
  return Object.keys(permissions).filter((name) => !/CLOSE|DESTROY|VM_BIND$/.test(name));
}
