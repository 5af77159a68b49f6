// Command dates measures dateFormat beside Moment.js in Node, case by case in turn, and prints the ratios:
//
//	cd bench/dates && npm ci && cd - && go run ./bench/dates
//
// With -least it exits with 1 where a ratio is below that.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/handlebars"
)

// request is one measurement; bench.js says what the modes are.
type request struct {
	Mode         string  `json:"mode"`
	Locale       string  `json:"locale"`
	Format       string  `json:"format"`
	Zone         string  `json:"zone"`
	Instants     []int64 `json:"instants"`
	Milliseconds int     `json:"milliseconds"`
}

func main() {
	least := flag.Float64("least", 0, "fail where Moment is less than so many times slower")
	milliseconds := flag.Int("ms", 600, "time for each measurement, in milliseconds")
	flag.Parse()
	if err := run(*least, *milliseconds); err != nil {
		fmt.Fprintln(os.Stderr, "bench/dates:", err)
		os.Exit(1)
	}
}

func run(least float64, milliseconds int) error {
	cmd := exec.Command("node", filepath.Join("bench", "dates", "bench.js"))
	cmd.Env = append(os.Environ(), "TZ=UTC")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	answers := bufio.NewReader(out)
	fmt.Printf("%-9s %-3s %-5s %12s %12s %8s %8s\n", "mode", "", "", "ns/op", "Moment ns/op", "ratio", "allocs")
	lowest := 0.0
	for _, mode := range []string{"format", "create", "parse", "template"} {
		for _, locale := range []string{"en", "de", "ru", "ar"} {
			for _, format := range []string{"LL", "LL z", "LLLL"} {
				r := request{mode, locale, format, "America/Los_Angeles", instants(), milliseconds}
				body, err := work(r)
				if err != nil {
					return err
				}
				ours, allocs, err := measure(r, body)
				if err != nil {
					return err
				}
				theirs, err := ask(in, answers, r, body)
				if err != nil {
					return err
				}
				ratio := theirs / ours
				if lowest == 0 || ratio < lowest {
					lowest = ratio
				}
				fmt.Printf("%-9s %-3s %-5s %12.0f %12.0f %8.1f %8d\n", mode, locale, format, ours, theirs, ratio, allocs)
			}
		}
	}
	fmt.Printf("lowest ratio %.1f\n", lowest)
	if err := in.Close(); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	if lowest < least {
		return fmt.Errorf("the lowest ratio %.1f is below %.1f", lowest, least)
	}
	return nil
}

// ask measures Moment, and fails where it prints other texts than we do.
func ask(in io.Writer, answers *bufio.Reader, r request, body func(i int) ([]byte, error)) (float64, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	if _, err := in.Write(append(line, '\n')); err != nil {
		return 0, err
	}
	reply, err := answers.ReadBytes('\n')
	if err != nil {
		return 0, fmt.Errorf("read the answer of bench.js (is npm ci done in bench/dates?): %w", err)
	}
	var answer struct {
		Nanoseconds float64
		Texts       []string
	}
	if err := json.Unmarshal(reply, &answer); err != nil {
		return 0, err
	}
	for i, want := range answer.Texts {
		got, err := body(i)
		if err != nil {
			return 0, err
		}
		if string(got) != want {
			return 0, fmt.Errorf("%s %s %s prints %q, Moment %q", r.Mode, r.Locale, r.Format, got, want)
		}
	}
	return answer.Nanoseconds, nil
}

// instants lie all over fifty years, so that nothing can be remembered from one to the next.
func instants() []int64 {
	start := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	out := make([]int64, 997)
	for i := range out {
		out[i] = start.AddDate(0, 0, i*18).Add(time.Duration(i*7919) * time.Second).UnixMilli()
	}
	return out
}

// measure gives nanoseconds and allocations of one date, the best of five rounds as in bench.js.
func measure(r request, body func(i int) ([]byte, error)) (best float64, allocs int64, err error) {
	for i := range 6 {
		start := time.Now()
		count := 0
		for time.Since(start) < time.Duration(r.Milliseconds)*time.Millisecond/6 {
			for range 200 {
				if _, err := body(count); err != nil {
					return 0, 0, err
				}
				count++
			}
		}
		if ns := float64(time.Since(start).Nanoseconds()) / float64(count); i > 0 && (best == 0 || ns < best) {
			best = ns
		}
	}
	n := 0
	allocs = int64(testing.AllocsPerRun(1000, func() {
		_, err = body(n)
		n++
	}))
	return best, allocs, err
}

// work makes the function that prints instant i; what it returns is valid until the next call.
func work(r request) (func(i int) ([]byte, error), error) {
	locale, _ := moment.FindLocale(r.Locale)
	format, err := locale.Compile(r.Format)
	if err != nil {
		return nil, err
	}
	zone, _ := moment.FindZone(r.Zone)
	texts := make([]string, len(r.Instants))
	for i, at := range r.Instants {
		texts[i] = time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z")
	}
	var buf []byte
	switch r.Mode {
	case "format", "create": // an instant is a number here: there is nothing to create
		return func(i int) ([]byte, error) {
			buf = format.Append(buf[:0], r.Instants[i%len(r.Instants)], zone)
			return buf, nil
		}, nil
	case "parse":
		return func(i int) ([]byte, error) {
			at, ok := moment.Parse(texts[i%len(texts)], zone)
			if !ok {
				return nil, fmt.Errorf("%s is no date", texts[i%len(texts)])
			}
			buf = format.Append(buf[:0], at, zone)
			return buf, nil
		}, nil
	}
	env, err := handlebars.New(handlebars.Options{Helpers: helpers.All()})
	if err != nil {
		return nil, err
	}
	source := fmt.Sprintf(`{{dateFormat at format=%q locale=%q timezone=%q}}`, r.Format, r.Locale, r.Zone)
	template, err := env.Compile("bench", source)
	if err != nil {
		return nil, err
	}
	contexts := make([]handlebars.Value, len(texts))
	for i, text := range texts {
		contexts[i] = handlebars.Object(handlebars.Member{Key: "at", Value: handlebars.String(text)})
	}
	x := &handlebars.Exec{}
	return func(i int) ([]byte, error) {
		x.Context = contexts[i%len(contexts)]
		var err error
		buf, err = template.Append(context.Background(), buf[:0], x)
		return buf, err
	}, nil
}
