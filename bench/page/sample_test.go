package page

import (
	"math"

	"github.com/rankgate/rankgate/bench/result"
)

// hostile is a text that breaks out of whatever does not escape it.
const hostile = `</script><script>throw "out"</script><img src=http://example.invalid/ onerror=throw> "'|`

// sampleRun is a run with some of everything, made up and always the same.
func sampleRun() *result.Run {
	const hit, miss = "500 candidates, 480 of them scored before, MLP over 24 features", "500 candidates, none scored before, MLP over 24 features"
	return &result.Run{
		About: result.About{
			Machine: "AMD EPYC 9R14, Linux 6.18 x86_64", Processors: 8, Commit: "0f1e2d3", Command: "make bench",
			Date: "2026-11-29T08:05:00Z", Versions: []string{"go1.26.8", "ONNX Runtime 1.32.0", "Redis 7.0.15", "vegeta v12.12.0"}, Full: true,
		},
		Claims: []result.Claim{
			sampleClaim("A warm ranking costs little more than its floor", hit, "a bare echo of the same bytes", "×", false, 2, 1.62, 0.06),
			sampleClaim("A cold ranking costs what its pass and its rows cost", miss, "MGET and the pass alone", "×", false, 1.25, 1.41, 0.05),
			sampleClaim("Throughput beside the model server", miss, "the same model behind Triton", "×", true, 3, 4.37, 0.4),
			sampleClaim("The gateway adds little to p50", miss, "a direct call", "µs", false, 300, 212, 14),
			sampleClaim("It adds little to p99", miss, "a direct call", "µs", false, 900, 0, 0),
			sampleClaim("Memory of a kept score", hit, "", "B", false, 96, 88, 0),
			sampleClaim("Share of complete answers at the capacity", hit, "", "%", true, 99.9, 99.97, 0.02),
			sampleClaim("Names are shown as they are: "+hostile, hit, hostile, "×", false, 1.1, 1.02, 0.01),
		},
		Contests:  []result.Contest{sampleContest("Warm: nearly all scores kept", hit, 0.000_18, 0.96), sampleContest("Cold: all is scored", miss, 0.001_4, 0)},
		Latencies: append(sampleLatencies(hit, 0.000_4, 4000), sampleLatencies(miss, 0.002, 1200)...),
		Series:    sampleSeries(),
		Stages: []result.Stages{
			{Workload: hit, Stages: sampleStages(0.000_02, 0.000_04, 0.000_05, 0.000_06)},
			{Workload: miss, Stages: sampleStages(0.000_12, 0.000_31, 0.000_94, 0.000_08)},
		},
	}
}

// sampleClaim is not measured if it has no value.
func sampleClaim(name, workload, floor, unit string, atLeast bool, bound, value, spread float64) result.Claim {
	c := result.Claim{
		Name: name, Workload: workload, Floor: floor, Unit: unit, AtLeast: atLeast, Bound: bound,
		Value: value, Low: value - spread, High: value + 0.8*spread, Measured: value > 0,
	}
	switch {
	case !c.Measured:
		c.Note = "The generator was late by 3.1 ms at its 99th percentile, so this run could not tell."
	case !c.Reached():
		c.Note = "The profile says that a third of the time goes into decoding rows that the pass does not read."
	}
	return c
}

func sampleContest(name, workload string, cpu, hits float64) result.Contest {
	const echo = 0.000_09
	floors := echo + 0.7*cpu
	return result.Contest{
		Name: name, Workload: workload, Candidates: 500,
		Text: "Each stack answers the same requests from the same generator, one after the other within a round.",
		Stacks: []result.Cost{
			{Stack: "echo", Floor: true, Requests: 48_000, CPU: echo, Generator: 0.000_05, Rate: 21_000, TimesFloors: echo / floors},
			{Stack: "pass and rows", Floor: true, Requests: 40_000, CPU: 0.7 * cpu, Generator: 0.000_05, Others: 0.1 * cpu, Rate: 1.4 / cpu},
			{Stack: "rankgate", Requests: 32_000, CPU: cpu, Generator: 0.000_06, Others: 0.12 * cpu, Rate: 1.1 / cpu, Hits: hits, TimesFloors: cpu / floors},
			{Stack: "Feast + Triton", Requests: 8000, CPU: 3.4*cpu + 0.000_8, Generator: 0.000_06, Others: 0.4 * cpu, Rate: 0.3 / cpu},
		},
	}
}

// sampleLatencies wait longer as a stack nears the rate that it can't take; the last
// point of the fastest is not valid.
func sampleLatencies(workload string, service, most float64) []result.Latency {
	const limit = 0.05
	var all []result.Latency
	for i, stack := range []string{"rankgate", "pass and rows", "Feast + Triton"} {
		slower := []float64{1, 0.8, 3}[i]
		l := result.Latency{Workload: workload, Stack: stack, Limit: limit}
		l.Capacity = math.Round(most / slower * (1 - 4.4*slower*service/limit))
		for step := 1; step <= 8; step++ {
			load := float64(step) / 8.2
			wait := slower * service / (1 - load)
			l.Points = append(l.Points, result.Point{
				Rate: math.Round(load * most / slower), Requests: 1000 * step, Failed: step / 8,
				P50: wait, P90: 2.1 * wait, P99: 4.4 * wait, P999: 7 * wait, Lag: 0.000_2 * float64(step), Valid: i != 1 || step < 8,
			})
		}
		all = append(all, l)
	}
	return all
}

func sampleSeries() []result.Series {
	candidates := result.Series{
		Name: "Cost by candidates", Text: "What a request costs as it grows, all of it scored anew.",
		X: "candidates of a request", Y: "CPU of a request (µs)",
	}
	hits := result.Series{
		Name: "Cost by hit rate", Text: "What a request of 500 candidates costs as more of them are kept.",
		X: "candidates scored before (%)", Y: "CPU of a request (µs)",
	}
	for i, stack := range []string{"rankgate", "Feast + Triton"} {
		times := 1 + 2.4*float64(i)
		byCandidates, byHits := result.Curve{Name: stack}, result.Curve{Name: stack}
		for _, n := range []float64{10, 50, 100, 200, 500, 1000, 2000} {
			byCandidates.XY = append(byCandidates.XY, [2]float64{n, times * (60 + 2.7*n)})
		}
		for _, share := range []float64{0, 25, 50, 75, 90, 96, 100} {
			byHits.XY = append(byHits.XY, [2]float64{share, times * (1400 - 12.2*share*float64(1-i))})
		}
		candidates.Curves, hits.Curves = append(candidates.Curves, byCandidates), append(hits.Curves, byHits)
	}
	memory := result.Series{
		Name: "Memory with time", Text: "Resident memory under a steady load, from the first request on.",
		X: "time (minutes)", Y: "resident memory (MiB)", Curves: []result.Curve{{Name: "gateway"}, {Name: "of which kept scores"}},
	}
	for m := range 31 {
		grown := 1 - math.Exp(-float64(m)/5)
		memory.Curves[0].XY = append(memory.Curves[0].XY, [2]float64{float64(m), 140 + 310*grown})
		memory.Curves[1].XY = append(memory.Curves[1].XY, [2]float64{float64(m), 256 * grown})
	}
	return []result.Series{candidates, hits, memory}
}

func sampleStages(queue, features, pass, encode float64) []result.Stage {
	return []result.Stage{
		{Name: "queue", Mean: queue}, {Name: "features", Mean: features},
		{Name: "pass", Mean: pass}, {Name: "encode", Mean: encode},
	}
}

// sampleRegressions is what a kept run that was faster makes of sampleRun.
func sampleRegressions(run *result.Run) []result.Regression {
	kept := *run
	kept.Claims = append([]result.Claim(nil), run.Claims...)
	c := &kept.Claims[1]
	c.Low, c.Value, c.High = 1.1, 1.12, 1.14
	return result.Compare(&kept, run)
}

// sparseRun is a run in which next to nothing went well.
func sparseRun() *result.Run {
	return &result.Run{
		About: result.About{Machine: "arm64", Processors: 1, Commit: "0f1e2d3 with changes", Command: "make bench", Date: "yesterday"},
		Claims: []result.Claim{
			{Name: "A warm ranking", Unit: "×", Bound: 2, Note: "the server did not start"},
			{Name: "Nothing fails", Unit: "%", Measured: true},
		},
		Contests:  []result.Contest{{Name: "No stack came"}, {Name: "A stack of which nothing is known", Stacks: []result.Cost{{Stack: "rankgate"}}}},
		Latencies: []result.Latency{{Workload: "none", Stack: "rankgate"}, {Workload: "all failed", Stack: "rankgate", Points: []result.Point{{Rate: 100}}}},
		Series:    []result.Series{{Name: "No curve"}, {Name: "No point", Curves: []result.Curve{{Name: "a"}}}},
		Stages:    []result.Stages{{Workload: "none"}},
	}
}
