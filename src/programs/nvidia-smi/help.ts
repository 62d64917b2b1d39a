/** `nvidia-smi -h`: what this one can do. */
export const HELP: string = `NVIDIA System Management Interface -- v580.65.06

nvidia-smi [OPTION1 [ARG1]] [OPTION2 [ARG2]] ...

    -h,   --help                Print usage information and exit.
          --version             Print version information and exit.

  LIST OPTIONS:
    -L,   --list-gpus           Display a list of GPUs connected to the system.

  SUMMARY OPTIONS:
    <no arguments>              Show a summary of GPUs connected to the system.

    [plus any of]
    -i,   --id=                 Target a specific GPU: index, UUID or bus id, separated by commas.
    -f,   --filename=           Log to a specified file, rather than to stdout.
    -l,   --loop=               Probe until Ctrl+C at specified second interval.
    -lms, --loop-ms=            Probe until Ctrl+C at specified millisecond interval.
    -c,   --count=              Number of times to probe when looping.

  QUERY OPTIONS:
    -q,   --query               Display GPU info.
    -d,   --display=            Display only selected information: MEMORY, UTILIZATION, ECC,
                                TEMPERATURE, POWER, CLOCK, COMPUTE, PIDS, PERFORMANCE.

  SELECTIVE QUERY OPTIONS:
          --query-gpu=          Information about GPU. --help-query-gpu lists the fields.
          --query-compute-apps= List of currently active compute processes.
    [mandatory]
          --format=             csv[,noheader][,nounits]

  DEVICE MODIFICATION OPTIONS:
    -mig, --multi-instance-gpu= Enable or disable Multi Instance GPU: 0/DISABLED, 1/ENABLED
    -r,   --gpu-reset           Trigger reset of the GPU.

  DEVICE MONITORING:
    dmon                        Displays device stats in scrolling format: [-i -c -d -s pucm].
    pmon                        Displays process stats in scrolling format: [-i -c -d].

  MULTI INSTANCE GPU:
    mig                         -lgip -lgipp -lgi -lcip -lci -cgi <profiles> [-C] -cci [<profiles>] -dgi -dci
                                [-i] [-gi] [-ci]

  COMPUTE POLICY:
    compute-policy              --list, --set-timeslice=default|short|medium|long [-i]

`;
