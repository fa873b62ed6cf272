# The reports of all rounds in, one document out: medians, ratios within a round, targets, and two tables as text.
def median: map(select(. != null)) | sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor]
  else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def rounded($digits): if . == null then null else (. * pow(10; $digits) | round) / pow(10; $digits) end;
def shown: if . == null then "-" elif . >= 1000 then (round | tostring) elif . >= 100 then (rounded(1) | tostring)
  elif . >= 1 then (rounded(2) | tostring) else (rounded(4) | tostring) end;

. as $runs
| ([$runs[].name] | unique) as $names
| ([$runs[].round] | unique) as $rounds
# The median over the rounds of f, which is given a round's reports by name.
| def over(f): [$rounds[] as $round | (reduce ($runs[] | select(.round == $round)) as $run ({}; .[$run.name] = $run)) | f] | median;
  def rate($name): .[$name].report | if . == null then null elif .steps_per_execution == 0 then .executions_per_s else .steps_per_s end;
  def ratio($a; $b): if $a == null or $b == null or $b == 0 then null else $a / $b end;
  def fsyncs($name): .[$name].report as $r | ratio($r.latency_ms.p50 // null; if $r == null then null else $r.fsync_us.p50 / 1000 end);

  ([$names[] as $name | {key: $name, value: {
      count: over(.[$name].report.count), steps_per_s: over(rate($name)), executions_per_s: over(.[$name].report.executions_per_s),
      p50_ms: over(.[$name].report.latency_ms.p50), p99_ms: over(.[$name].report.latency_ms.p99),
      of_rawlog: over(ratio(rate($name); rate("rawlog-128"))), of_rawput: over(ratio(rate($name); rate("rawput-128"))),
      p50_fsyncs: over(fsyncs($name)),
      cpu_ms_per_execution: over(.[$name].report | if . == null or .done == 0 then null else .cpu_s * 1000 / .done end),
      syncs: over(.[$name].report.syncs), fsync_p50_us: over(.[$name].report.fsync_us.p50),
      errors: ([$runs[] | select(.name == $name) | .report.errors] | add),
      details: (reduce ([$runs[] | select(.name == $name) | .details | keys[]] | unique[]) as $key ({};
        .[$key] = over(.[$name].details[$key])))}}] | from_entries) as $medians
| [
    {id: "T1", what: "seq c=1, p50 in times 11 fsyncs", value: over(fsyncs("seq-1") | if . == null then null else . / 11 end), most: 1.3},
    {id: "T2", what: "seq c=128, steps/s", value: $medians["seq-128"].steps_per_s, least: 80000},
    {id: "T2", what: "seq c=128, of rawput", value: $medians["seq-128"].of_rawput, least: 0.6},
    {id: "T2", what: "seq c=1024, steps/s", value: $medians["seq-1024"].steps_per_s, least: 100000},
    {id: "T3", what: "fanout c=16, steps/s", value: $medians["fanout-16"].steps_per_s, least: 80000},
    {id: "T4", what: "start c=128, starts/s", value: $medians["start-128"].executions_per_s, least: 40000},
    {id: "T4", what: "sleep c=128, starts/s", value: $medians["sleep-128"].executions_per_s, least: 20000},
    {id: "T5", what: "sleeper, bytes of memory", value: ($medians["sleep-128"] | if .count >= 500000 then .details.memory_bytes_per_sleeper else null end), most: 100},
    {id: "T5", what: "sleeper, bytes of disk", value: $medians["sleep-128"].details.disk_bytes_per_sleeper, most: 400},
    {id: "T6", what: "restart with the sleepers, s", value: $medians["sleep-128"].details.restart_to_serving_s, most: 1},
    {id: "T7", what: "timers, last one late, ms", value: $medians["timers"].details.last_late_ms, most: 300},
    {id: "T7", what: "timers, early", value: $medians["timers"].details.early, most: 0},
    {id: "T8", what: "signal c=1, p50 in fsyncs", value: $medians["signal-1"].p50_fsyncs, most: 2.5},
    {id: "T8", what: "signal c=32, p99 ms", value: $medians["signal-32"].p99_ms, most: 10},
    {id: "T9", what: "crash, all complete, s", value: $medians["crash"].details.kill_to_all_complete_s, most: 1.5},
    {id: "T10", what: "rpc, 64 connections, requests/s", value: $medians["rpc-64"].executions_per_s, least: 35000},
    {id: "T10", what: "rpc, of nginx", value: over(ratio(rate("rpc-64"); rate("nginx-64"))), least: 0.6},
    {id: "T11", what: "seq-pure c=1, p50 in fsyncs", value: $medians["seq-pure-1"].p50_fsyncs, most: 2.5},
    {id: "T12", what: "replay, events/s", value: $medians["replay"].details.events_per_s, least: 1000000},
    {id: "T12", what: "history, growth of a step", value: $medians["history"].details.step_cost_growth, most: 1.2},
    {id: "T12", what: "history, cold wake-up, s", value: $medians["history"].details.cold_wake_up_s, most: 0.3},
    {id: "T13", what: "seq c=128, CPU ms/execution", value: $medians["seq-128"].cpu_ms_per_execution, most: 0.25},
    {id: "T14", what: "events c=128, deliveries/s", value: $medians["events-128"].steps_per_s, least: 30000},
    {id: "T14", what: "transfer, transactions/s", value: ([$medians["transfer-32", "transfer-128"].executions_per_s | select(. != null)] | max), least: 20000},
    {id: "T15", what: "edit to answer, s", value: $medians["edit"].details.edit_to_answer_s, most: 2},
    {id: "soak", what: "memory, last tenth to the fifth", value: $medians["soak"].details.memory_growth, most: 1.1},
    {id: "soak", what: "disk, last tenth to the fifth", value: ($medians["soak"].details | if .requests >= 600000 then .disk_growth else null end), most: 1.2}
  ]
| map(. + {met: (if .value == null then null elif .most != null then .value <= .most else .value >= .least end)}) as $targets
| {
    date: $date, commit: $commit, machine: {cpu: $cpu, cores: $cores, kernel: $kernel}, rounds: ($rounds | length),
    medians: $medians, targets: $targets, runs: $runs,
    table: (["workload", "steps/s", "of rawlog", "of rawput", "p50 ms", "p99 ms", "p50 fsyncs", "CPU ms/exec", "syncs", "errors"] as $head
      | [$head | join("\t")] + [$runs[] | .name] | .[0:1] + (.[1:] | reduce .[] as $name ([]; if index([$name]) then . else . + [$name] end)
          | map(. as $name | $medians[$name] | [$name, (.steps_per_s | shown), (.of_rawlog | shown), (.of_rawput | shown),
              (.p50_ms | shown), (.p99_ms | shown), (.p50_fsyncs | shown), (.cpu_ms_per_execution | shown), (.syncs | shown),
              (.errors // "-" | tostring)] | join("\t")))
      | join("\n")),
    target_table: (["target", "what", "measured", "wanted", ""] as $head
      | [$head | join("\t")] + ($targets | map([.id, .what, (.value | shown),
          (if .most != null then "<= \(.most)" else ">= \(.least)" end), (if .met == null then "not measured" elif .met then "met" else "MISSED" end)] | join("\t")))
      | join("\n"))
  }
