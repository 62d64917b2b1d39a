import { afterAll, expect, test } from "vitest";
import { configureMachines, createMachine } from "../../../src/machine.ts";

// The tests of these chapters, once more, on machines that run Windows: programs see no difference.
configureMachines({ os: "windows" }, null);
afterAll(() => configureMachines({}, null));

test("these machines run Windows", () => expect(createMachine({ gpus: ["tiny"] }).kernel.os).toBe("windows"));

await import("../../cuda/driver/stream.test.ts");
await import("../../cuda/driver/execution.test.ts");
await import("../../cuda/driver/memory.test.ts");
await import("../../opencl/transfer.test.ts");
await import("../../opencl/ndrange.test.ts");
await import("../../opencl/map.test.ts");
await import("../../opencl/svm.test.ts");
await import("../../opencl/fault.test.ts");
