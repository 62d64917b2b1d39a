import { createMachine, type Machine } from "glassgpu";
import { describe, expect, test } from "vitest";
import { userCredentials } from "../../src/kernel/process/cred.ts";
import { expectGolden } from "./golden.ts";
import { launch, pass, worker } from "./workload.ts";

function smi(machine: Machine, ...args: string[]): readonly [number, string] {
  const { code, stdout } = machine.exec("nvidia-smi", args);
  return [code, stdout];
}

/** Every line of a table is as wide as the others. */
function widths(text: string): readonly number[] {
  return [...new Set(text.split("\n").filter((line) => /^[|+]/.test(line)).map((line) => line.length))];
}

describe("the table", () => {
  test("idle; with two programs; columns", () => {
    const machine = createMachine({ gpus: ["h100", "a100-sxm4-40gb", "tiny", "mi250x"] });
    const idle = smi(machine);
    expectGolden("smi-idle", idle[1]);
    expect([idle[0], widths(idle[1])]).toEqual([0, [91]]);
    worker(machine, "/usr/local/bin/a-program-with-quite-a-long-name", 2296);
    worker(machine, "./gpu_burn", 100);
    const busy = smi(machine)[1];
    expectGolden("smi-programs", busy);
    expect(widths(busy)).toEqual([91]);
  });

  test("instances", () => {
    const machine = createMachine({ gpus: ["h100"] });
    expect(smi(machine, "-mig", "1")).toEqual([0, "Enabled MIG Mode for GPU 00000000:01:00.0\nAll done.\n"]);
    expect(smi(machine)[1]).toContain("|  No MIG devices found                                                                   |\n");
    smi(machine, "mig", "-cgi", "9,14", "-C");
    const uuid = /UUID: (MIG-[^)]+)/.exec(smi(machine, "-L")[1])![1]!;
    worker(machine, "./memhog", 500, { CUDA_VISIBLE_DEVICES: uuid });
    const table = smi(machine)[1];
    expectGolden("smi-mig", table);
    expect(widths(table)).toEqual([91]);
    expectGolden("smi-list", smi(machine, "-L")[1]);
    expect(smi(machine, "pmon", "-c", "1")[1]).toContain("    0          -     -      -      -      -      -      -      -    -");
  });

  test("-l repeats each second, -c so often; -i chooses", () => {
    const machine = createMachine({ gpus: ["tiny", "a100"] });
    const before = machine.now;
    const [code, text] = smi(machine, "-l", "1", "-c", "3", "-i", "1");
    expect([code, text.match(/^Thu Jan {2}1 00:00:0\d 2026 {7}$/gm)]).toEqual([0, ["Thu Jan  1 00:00:00 2026       ", "Thu Jan  1 00:00:01 2026       ", "Thu Jan  1 00:00:02 2026       "]]);
    expect([machine.now - before > 2e9, text.includes("Tiny")]).toEqual([true, false]);
    expect(smi(machine, "-L", "-i", "0000:02:00.0")[1]).toMatch(/^GPU 1: NVIDIA A100-PCIE-40GB/);
    expect(smi(machine, "-i", "7")).toEqual([6, "No devices were found\n"]);
  });
});

describe("what is measured", () => {
  test("utilisation is time on the engines, power and temperature follow, and all fall again", () => {
    const machine = createMachine({ gpus: ["a100"] });
    const w = worker(machine, "train", 10);
    pass(machine, 1e9);
    const query = (...fields: string[]): string => smi(machine, `--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits")[1].trim();
    expect(query("utilization.gpu", "power.draw", "temperature.gpu", "clocks.sm")).toBe("0, 34.00, 30, 210");
    for (let i = 0; i < 3; i++) launch(w, 8e6);
    pass(machine, 200e6);
    const [gpu, watts, , clock] = query("utilization.gpu", "power.draw", "temperature.gpu", "clocks.sm").split(", ").map(Number);
    expect(gpu).toBe(100);
    expect(watts).toBeCloseTo(34 + 216 * 0.7, 0);
    expect(clock).toBe(1410);
    expect(smi(machine, "pmon", "-c", "1")[1]).toContain(`    0 ${String(w.process.pid).padStart(10)}     C    100      0      -      -      -      -    train          \n`);
    expect(smi(machine, "dmon", "-c", "1")[1]).toMatch(/^ {4}0 {4}185 {5}\d\d {5}\d\d {4}100 {6}0 {6}0 {6}0 {6}0 {6}0 {3}1215 {3}1410 $/m);
    w.process.throwing.cuda.cuCtxSynchronize();
    pass(machine, 2e9);
    expect(query("utilization.gpu", "power.draw", "clocks.sm")).toBe("0, 34.00, 210");
    const warm = Number(query("temperature.gpu"));
    pass(machine, 300e9);
    expect(Number(query("temperature.gpu"))).toBeLessThanOrEqual(warm);
  });

  test("a program that waits half of the time is half busy", () => {
    const machine = createMachine({ gpus: ["a100"] });
    const w = worker(machine, "half", 1);
    const before = machine.now;
    launch(w, 1e6);
    w.process.throwing.cuda.cuCtxSynchronize();
    const took = machine.now - before;
    for (let i = 0; i * took < 100e6; i++) {
      launch(w, 1e6);
      w.process.throwing.cuda.cuCtxSynchronize();
      pass(machine, took);
    }
    pass(machine, 1);
    const gpu = Number(smi(machine, "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")[1]);
    expect(gpu).toBeGreaterThan(40);
    expect(gpu).toBeLessThan(60);
  });
});

describe("queries", () => {
  const machine = createMachine({ gpus: ["h100"] });
  const w = worker(machine, "./gpu_burn", 7484);

  test("-q, and its sections", () => {
    expectGolden("smi-q", smi(machine, "-q")[1]);
    expectGolden("smi-q-display", smi(machine, "-q", "-d", "POWER,CLOCK,UTILIZATION,PIDS")[1]);
    expect(smi(machine, "-q", "-d", "SOUND")[0]).toBe(2);
  });

  test("CSV with header and units, and without", () => {
    const fields = "index,name,memory.total,memory.used,fan.speed,power.draw,utilization.gpu,pci.bus_id,pci.device_id,mig.mode.current,driver_model.current";
    expect(smi(machine, `--query-gpu=${fields}`, "--format=csv")).toEqual([0,
      "index, name, memory.total [MiB], memory.used [MiB], fan.speed [%], power.draw [W], utilization.gpu [%], pci.bus_id, pci.device_id, mig.mode.current, driver_model.current\n" +
      "0, NVIDIA H100 80GB HBM3, 81559 MiB, 7484 MiB, [N/A], 70.00 W, 0 %, 00000000:01:00.0, 0x233010DE, Disabled, [N/A]\n"]);
    expect(smi(machine, "--query-gpu=memory.used,power.limit", "--format=csv,noheader,nounits")[1]).toBe("7484, 700.00\n");
    expect(smi(machine, "--query-compute-apps=gpu_name,pid,process_name,used_gpu_memory", "--format=csv")[1]).toBe(
      `gpu_name, pid, process_name, used_gpu_memory [MiB]\nNVIDIA H100 80GB HBM3, ${w.process.pid}, ./gpu_burn, 7484 MiB\n`);
    expect(smi(machine, "--query-gpu=timestamp", "--format=csv,noheader")[1]).toMatch(/^2026\/01\/01 00:00:0\d\.\d{3}\n$/);
    expect(smi(machine, "--help-query-gpu")[1].split("\n").length).toBeGreaterThan(100);
  });

  test("-f writes a file of the machine; -lms repeats", () => {
    expect(smi(machine, "-L", "-f", "/tmp/gpus", "-lms", "100", "-c", "2")).toEqual([0, ""]);
    expect(machine.exec("cat", ["/tmp/gpus"]).stdout.split("\n")).toHaveLength(3);
  });

  test("--version, -h", () => {
    expect(smi(machine, "--version")).toEqual([0, "NVIDIA-SMI version  : 580.65.06\nNVML version        : 580.65\nDRIVER version      : 580.65.06\nCUDA Version        : 13.0\n"]);
    expect(smi(machine, "-h")[1]).toMatch(/^NVIDIA System Management Interface -- v580\.65\.06\n/);
  });

  test.each([
    [["--foo"], 2, "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n"],
    [["-L", "-q"], 2, "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n"],
    [["--query-gpu=name,colour", "--format=csv"], 2, 'Field "colour" is not a valid field to query.\n\n'],
    [["--query-gpu=name"], 2, '"--format=" switch is missing. Please run \'nvidia-smi -h\' for help.\n\n'],
    [["dmon", "-c", "0"], 2, "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n"],
    [["mig", "-lgip"], 6, "No MIG-enabled devices found.\n"],
    [["mig"], 2, "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n"],
    [["compute-policy", "--set-timeslice=forever"], 2, "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n"],
    [["-l", "soon"], 2, 'Invalid value "soon" for -l. Please run \'nvidia-smi -h\' for help.\n\n'],
  ])("%j is refused", (args, code, text) => {
    expect(smi(machine, ...args)).toEqual([code, text]);
  });

  test("without a driver", () => {
    const failed = [9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n"];
    expect(smi(createMachine({ gpus: ["mi250x"] }))).toEqual(failed);
    expect(smi(createMachine({ os: "windows" }))).toEqual(failed);
  });
});

describe("partitions", () => {
  test("lists, creation, refusals, destruction", () => {
    const machine = createMachine({ gpus: ["h100"] });
    smi(machine, "-mig", "1");
    expectGolden("smi-mig-lgip", smi(machine, "mig", "-lgip")[1]);
    expect(smi(machine, "mig", "-lgi")).toEqual([6, "No GPU instances found: Not Found\n"]);
    expect(smi(machine, "mig", "-cgi", "9,2g.20gb", "-C")).toEqual([0,
      "Successfully created GPU instance ID  2 on GPU  0 using profile MIG 3g.40gb (ID  9)\nSuccessfully created compute instance ID  0 on GPU  0 GPU instance ID  2 using profile MIG 3g.40gb (ID  2)\n" +
      "Successfully created GPU instance ID  4 on GPU  0 using profile MIG 2g.20gb (ID 14)\nSuccessfully created compute instance ID  0 on GPU  0 GPU instance ID  4 using profile MIG 2g.20gb (ID  1)\n"]);
    expect(smi(machine, "mig", "-cgi", "9")).toEqual([23, "Unable to create a GPU instance on GPU  0 using profile 9: Insufficient Resources\nFailed to create GPU instances: Insufficient Resources\n"]);
    expect(smi(machine, "mig", "-cgi", "14:0")[1]).toBe("Successfully created GPU instance ID  3 on GPU  0 using profile MIG 2g.20gb (ID 14)\n");
    expect(smi(machine, "mig", "-cci", "1c.2g.20gb,0", "-gi", "3")[0]).toBe(0);
    expect(smi(machine, "mig", "-cci", "-gi", "3")).toEqual([23,
      "Unable to create a compute instance on GPU  0 GPU instance ID  3 using profile 1: Insufficient Resources\nFailed to create compute instances: Insufficient Resources\n"]);
    expectGolden("smi-mig-lists", ["-lgi", "-lcip", "-lci", "-lgipp"].map((list) => smi(machine, "mig", list)[1]).join("\n"));
    expect(smi(machine, "mig", "-dgi", "-gi", "4")).toEqual([19, "Unable to destroy GPU instance ID  4 from GPU  0: In use by another client\nFailed to destroy GPU instances: In use by another client\n"]);
    expect(smi(machine, "mig", "-dci", "-gi", "4")).toEqual([0, "Successfully destroyed compute instance ID  0 from GPU  0 GPU instance ID  4\n"]);
    expect(smi(machine, "mig", "-dgi", "-gi", "4")).toEqual([0, "Successfully destroyed GPU instance ID  4 from GPU  0\n"]);
    machine.checkInvariants();
  });

  test("the mode waits while the GPU is in use, and comes with a reset", () => {
    const machine = createMachine({ gpus: ["a100"] });
    const w = worker(machine, "train", 1);
    expect(smi(machine, "-mig", "1")[1]).toMatch(/^Warning: MIG mode is in pending enable state for GPU 00000000:01:00\.0:In use by another client\n/);
    expect(smi(machine)[1]).toContain("|                                         |                        |            Disabled* |\n");
    expect(smi(machine, "--gpu-reset")).toEqual([255, "GPU 00000000:01:00.0 is currently in use by another process.\n\n"]);
    w.process.exit();
    expect(smi(machine, "--gpu-reset")).toEqual([0, "GPU 00000000:01:00.0 was successfully reset.\nAll done.\n"]);
    expect(smi(machine, "--query-gpu=mig.mode.current", "--format=csv,noheader")[1]).toBe("Enabled\n");
  });

  test("a GPU that cannot, and a user who may not", () => {
    expect(smi(createMachine({ gpus: ["tiny"] }), "-mig", "1")).toEqual([0, "Unable to enable MIG Mode for GPU 00000000:01:00.0: Not Supported\nTreating as warning and moving on.\nAll done.\n"]);
    const { code, stdout } = createMachine().exec("nvidia-smi", ["-mig", "1"], { cred: userCredentials(1000) });
    expect([code, stdout]).toEqual([4, "Unable to enable MIG Mode for GPU 00000000:01:00.0: Insufficient Permissions\n"]);
  });

  test("time slices", () => {
    const machine = createMachine({ gpus: ["a100"] });
    const list = (word: string): string => `+-------------------------------+\n| GPU compute policies:         |\n| GPU     Name         Value    |\n|===============================|\n|   0   Timeslice    ${word.padEnd(11)}|\n+-------------------------------+\n`;
    expect(smi(machine, "compute-policy", "--list")[1]).toBe(list("Default"));
    expect(smi(machine, "compute-policy", "--set-timeslice=long", "-i", "0")[0]).toBe(0);
    expect(smi(machine, "compute-policy", "-l")[1]).toBe(list("Long"));
    expect(smi(machine, "compute-policy", "--set-timeslice", "1")[0]).toBe(0);
    expect(smi(machine, "compute-policy", "--list")[1]).toBe(list("Short"));
  });
});

test("the same machine and work give the same text", () => {
  const once = (): string => {
    const machine = createMachine({ gpus: ["a100"] });
    const w = worker(machine, "train", 64);
    launch(w, 1e6);
    pass(machine, 5e6);
    return ["", "-q", "dmon -c 2", "pmon -c 1"].map((line) => smi(machine, ...line.split(" ").filter((word) => word !== ""))[1]).join("\n");
  };
  expect(once()).toBe(once());
});
