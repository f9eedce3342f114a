package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report prints the medians of all rounds, and the ratios that have a goal, as Markdown.
func (b *bench) report(w io.Writer, loadBefore string) {
	fmt.Fprintf(w, "%s · %s · %s\n", time.Now().UTC().Format(time.DateOnly), b.database, machine())
	fmt.Fprintf(w, "%d connections, %s each, %d round(s), %d tokens of %d users; a validation has %d bytes, the list %d users; load average before and after: %s, %s\n\n",
		b.connections, b.duration, b.rounds, b.tokens, b.users, b.bytes, b.listed, loadBefore, loadAverage())
	fmt.Fprintln(w, "| what | per second | p50 | p99 | CPU for each |\n|---|---:|---:|---:|---:|")
	for _, name := range order {
		m := median(b.found[name])
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", name, rate(m.PerSecond), span(m.P50), span(m.P99), span(m.CPU))
	}
	fmt.Fprintln(w, "\n| ratio | of rates | goal | of CPU times |\n|---|---:|---:|---:|")
	for _, r := range []struct {
		of, by string
		goal   float64
	}{{validateOne, bareEcho, 0.5}, {validateMany, bareEcho, 0.5}, {issueFirst, bareHash, 0.9}, {issuePass, bareHash, 0.9}} {
		fmt.Fprintf(w, "| %s / %s | %.2f | ≥ %.1f | %.2f |\n", r.of, r.by, b.ratio(r.of, r.by, byRate), r.goal, b.ratio(r.by, r.of, byCPU))
	}
	b.reportPeople(w)
}

// reportPeople prints the ways in of people beside the one with a password only.
func (b *bench) reportPeople(w io.Writer) {
	fmt.Fprintln(w, "\n| people sign in with | per second | p50 | p99 | CPU for each | of the rate with a password only |\n|---|---:|---:|---:|---:|---:|")
	for _, way := range ways {
		m := median(b.found[way])
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %.2f |\n", way, rate(m.PerSecond), span(m.P50), span(m.P99), span(m.CPU), b.ratio(way, byPassword, byRate))
	}
}

// ratio is the median of the ratios of each round that measured both, close together.
func (b *bench) ratio(of, by string, value func(measured) float64) float64 {
	all := make([]float64, min(len(b.found[of]), len(b.found[by])))
	for i := range all {
		all[i] = value(b.found[of][i]) / value(b.found[by][i])
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func byRate(m measured) float64 { return m.PerSecond }

// byCPU compares what others that use the machine at the same time can't change, but leaves out waiting.
func byCPU(m measured) float64 { return float64(m.CPU) }

func median(all []measured) measured {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b measured) int { return int(a.PerSecond - b.PerSecond) })
	return all[len(all)/2]
}

func rate(r float64) string {
	if r < 1000 {
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}

func span(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f ms", float64(d.Nanoseconds())/1e6)
}

// machine tells what everything ran on.
func machine() string {
	return fmt.Sprintf("%d × %s · %s", runtime.NumCPU(), processor(), runtime.Version())
}

// processor names the CPU, as far as the system tells.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// loadAverage tells how busy the machine was in the last minute, for a reader who doubts the numbers.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}
