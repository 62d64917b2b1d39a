import { createMachine, type Machine } from "glassgpu";
import { describe, expect, test } from "vitest";
import { pass, worker } from "./workload.ts";

/**
 * Lines as real programs print them (captures of nvidia-smi 590 on an H100), compared by shape: where a number stands, and how wide its field is, not which number. A field
 * is the number with the blanks before it.
 */
const shape = (line: string): string => line.replaceAll(/ *\d+(\.\d+)?(?![\w.])|(?<=[ :(.])\d+(?=[A-Za-z%])| *\d+(?=MiB|W |C |%)/g, (field) => "#".repeat(field.length));

const smi = (machine: Machine, ...args: string[]): string[] => machine.exec("nvidia-smi", args).stdout.split("\n");

/** Every captured line has one of its shape in the output, in this order. */
function expectShapes(output: readonly string[], captured: readonly string[]): void {
  let at = 0;
  for (const line of captured) {
    const found = output.findIndex((other, i) => i >= at && shape(other) === shape(line));
    expect(found, `a line like\n${line}\nin\n${output.join("\n")}`).toBeGreaterThanOrEqual(at);
    at = found + 1;
  }
}

describe("nvidia-smi, as captured", () => {
  test("the shape keeps widths and words", () => {
    expect(shape("|      59MiB /  81559MiB |")).toBe(shape("|       0MiB /  40448MiB |"));
    expect(shape("|      59MiB |")).not.toBe(shape("|     59MiB |"));
    expect(shape("| GPU  Name |")).not.toBe(shape("| GPU Name  |"));
  });

  test("the table of a GPU with instances", () => {
    const machine = createMachine({ gpus: ["h100"] });
    smi(machine, "-mig", "1");
    smi(machine, "mig", "-cgi", "3g.40gb,2g.20gb", "-C");
    const uuid = /3g\.40gb .*UUID: (MIG-[^)]+)/.exec(smi(machine, "-L").join("\n"))![1]!;
    worker(machine, "./gpu_burn", 7484, { CUDA_VISIBLE_DEVICES: uuid });
    expectShapes(smi(machine), [
      "Thu Jan  1 00:00:00 2026       ",
      "+-----------------------------------------------------------------------------------------+",
      "+-----------------------------------------+------------------------+----------------------+",
      "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |",
      "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |",
      "|                                         |                        |               MIG M. |",
      "|=========================================+========================+======================|",
      "| N/A   42C    P0             98W /  700W |      59MiB /  81559MiB |     N/A      Default |",
      "|                                         |                        |              Enabled |",
      "+-----------------------------------------+------------------------+----------------------+",
      "",
      "+-----------------------------------------------------------------------------------------+",
      "| MIG devices:                                                                            |",
      "+------------------+----------------------------------+-----------+-----------------------+",
      "| GPU  GI  CI  MIG |              Shared Memory-Usage |        Vol|        Shared         |",
      "|      ID  ID  Dev |                Shared BAR1-Usage | SM     Unc| CE ENC  DEC  OFA  JPG |",
      "|                  |                                  |        ECC|                       |",
      "|==================+==================================+===========+=======================|",
      "|  0    2   0   0  |              26MiB / 40448MiB    | 60      0 |  3   0    3    0    3 |",
      "|                  |               0MiB / 24739MiB    |           |                       |",
      "+------------------+----------------------------------+-----------+-----------------------+",
      "|  0    3   0   1  |              17MiB / 20096MiB    | 32      0 |  2   0    2    0    2 |",
      "|                  |               0MiB / 12369MiB    |           |                       |",
      "+------------------+----------------------------------+-----------+-----------------------+",
      "",
      "+-----------------------------------------------------------------------------------------+",
      "| Processes:                                                                              |",
      "|  GPU   GI   CI              PID   Type   Process name                        GPU Memory |",
      "|        ID   ID                                                               Usage      |",
      "|=========================================================================================|",
      "|    0    2    0            21198      C   ./gpu_burn                             7484MiB |",
      "+-----------------------------------------------------------------------------------------+",
    ]);
  });

  test("nobody runs; lists; monitors; CSV", () => {
    const machine = createMachine({ gpus: ["h100"] });
    expect(smi(machine)).toContain("|  No running processes found                                                             |");
    expectShapes(smi(machine, "dmon", "-c", "1"), [
      "# gpu    pwr  gtemp  mtemp     sm    mem    enc    dec    jpg    ofa   mclk   pclk ",
      "# Idx      W      C      C      %      %      %      %      %      %    MHz    MHz ",
      "    0    109     53     40     10      2     67      0      0      0   9001   2520 ",
    ]);
    worker(machine, "ffmpeg", 10);
    expectShapes(smi(machine, "pmon", "-c", "1"), [
      "# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command ",
      "# Idx           #    C/G      %      %      %      %      %      %    name ",
    ]);
    expect(smi(machine, "-L")[0]).toMatch(/^GPU 0: NVIDIA H100 80GB HBM3 \(UUID: GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)$/);
    expect(smi(machine, "--query-compute-apps=timestamp,gpu_name,gpu_bus_id,gpu_serial,gpu_uuid,pid,process_name,used_gpu_memory", "--format=csv")[0])
      .toBe("timestamp, gpu_name, gpu_bus_id, gpu_serial, gpu_uuid, pid, process_name, used_gpu_memory [MiB]");
    expect(smi(machine, "-q").slice(0, 3).map((line) => line.replace(/: .*/, ":"))).toEqual(["", "==============NVSMI LOG==============", ""]);
  });
});

describe("what repeats keeps time", () => {
  /** When lines that match were written, in virtual seconds: programs write to a pipe, so what is counted are the looks themselves. */
  const took = (machine: Machine, ...args: string[]): number => {
    const before = machine.now;
    machine.exec("nvidia-smi", args);
    return (machine.now - before) / 1e9;
  };

  test.each([
    [["-l", "1", "-c", "4"], 3], [["-l", "2", "-c", "3"], 4], [["-lms", "250", "-c", "5"], 1], [["dmon", "-c", "4"], 3], [["dmon", "-d", "2", "-c", "3"], 4], [["pmon", "-c", "4"], 3],
  ] as const)("%j takes %d s", (args, seconds) => {
    expect(took(createMachine({ gpus: ["a100"] }), ...args)).toBeCloseTo(seconds, 1);
  });

  test("the table's time stamps follow virtual time", () => {
    const machine = createMachine({ gpus: ["a100"] });
    pass(machine, 3601.2e9);
    const stamps = smi(machine, "-l", "3", "-c", "3").filter((line) => /2026 {7}$/.test(line));
    expect(stamps).toEqual(["Thu Jan  1 01:00:01 2026       ", "Thu Jan  1 01:00:04 2026       ", "Thu Jan  1 01:00:07 2026       "]);
  });
});
