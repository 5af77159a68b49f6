// Command render compares render/handlebars with its peers in one run: with
// Handlebars.js in Node (precompiled, into a reused buffer of bytes), raymond,
// and text/template. It prints times and ratios, and fails where a ratio is
// below the bar of the design, or where an output differs.
//
//	go run ./bench/render [-rounds n] [-node dir]
//
// Node's modules are installed into a temporary folder with npm, unless -node
// names a folder that has them, like bench/render/node after npm ci there.
package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"math"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/handlebars"
)

//go:embed testdata
var testdata embed.FS

// names are the reference templates.
var names = []string{"sms", "shortcut", "email", "transcript"}

func main() {
	rounds := flag.Int("rounds", 3, "times that everything is measured; the best time counts")
	node := flag.String("node", "", "folder with the modules of node/package.json installed")
	flag.Parse()
	if err := run(*rounds, *node); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// row has the times of one template, in nanoseconds an operation. pieces is what it takes to append the texts and values of
// which the output consists, one after the other, and copied what it takes to append it as a whole.
type row struct {
	name                      string
	source                    int // bytes
	append, json, compile     float64
	appendAllocs, jsonAllocs  float64
	nodeRender, nodeJSON      float64
	raymond, raymondCompile   float64
	textTemplate              float64
	output                    string
	nodeOutput, raymondOutput string
	textOutput                string
	pieces, copied            float64
}

func run(rounds int, nodeDir string) error {
	rows := make([]*row, len(names))
	for i, name := range names {
		rows[i] = &row{name: name}
	}
	node, err := newNodeBench(nodeDir)
	if err != nil {
		return err
	}
	defer func() { _ = node.Close() }()
	for range rounds {
		if err := node.measure(rows); err != nil {
			return err
		}
		for _, r := range rows {
			if err := errors.Join(measure(r), measureRaymond(r), measureTextTemplate(r)); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
	}
	return report(rows)
}

// least keeps the smaller time; zero means none yet.
func least(old *float64, t float64) {
	if *old == 0 || t < *old {
		*old = t
	}
}

// best returns the least time of f in nanoseconds, of many short rounds, some of
// which a busy machine leaves alone: the same way as node/bench.js.
func best(f func()) float64 {
	duration := func(n int) time.Duration {
		start := time.Now()
		for range n {
			f()
		}
		return time.Since(start)
	}
	n := 1
	for duration(n) < 5*time.Millisecond {
		n *= 2
	}
	result := math.Inf(1)
	for range 60 {
		result = min(result, float64(duration(n))/float64(n))
	}
	return result
}

func read(file string) []byte {
	text, err := testdata.ReadFile("testdata/" + file)
	if err != nil {
		panic(err) // embedded
	}
	return text
}

// measure measures this repository's renderer.
func measure(r *row) error {
	source, text := string(read(r.name+".hbs")), read(r.name+".json")
	env, err := handlebars.New(handlebars.Options{Helpers: helpers.All()})
	if err != nil {
		return err
	}
	t, err := env.Compile(r.name, source)
	if err != nil {
		return err
	}
	data, err := handlebars.ParseJSON(text)
	if err != nil {
		return err
	}
	ctx := context.Background()
	x := &handlebars.Exec{Context: data, Locale: "en-us", Timezone: "UTC"}
	var out []byte
	render := func() {
		if out, err = t.Append(ctx, out[:0], x); err != nil {
			panic(err)
		}
	}
	var decoder handlebars.Decoder
	fromJSON := func() {
		if x.Context, err = decoder.Decode(text); err != nil {
			panic(err)
		}
		render()
	}
	render()
	r.output, r.source = string(out), len(source)
	least(&r.append, best(render))
	text = bytes.Clone(text)
	least(&r.json, best(fromJSON))
	pieces, err := piecesOf(t, data)
	if err != nil {
		return err
	}
	least(&r.pieces, best(func() {
		out = out[:0]
		for _, piece := range pieces {
			out = append(out, piece...)
		}
	}))
	least(&r.copied, best(func() { out = append(out[:0], r.output...) }))
	least(&r.compile, best(func() {
		if _, err := env.Compile(r.name, source); err != nil {
			panic(err)
		}
	}))
	r.appendAllocs = testing.AllocsPerRun(100, render)
	r.jsonAllocs = testing.AllocsPerRun(100, fromJSON)
	return nil
}

// piecesOf returns the texts and values that a template's output consists of.
func piecesOf(t *handlebars.Template, data handlebars.Value) ([]string, error) {
	x := &handlebars.Exec{Context: data, Locale: "en-us", Timezone: "UTC", Trace: &handlebars.Trace{}}
	out, err := t.Append(context.Background(), nil, x)
	if err != nil {
		return nil, err
	}
	pieces := make([]string, len(x.Trace.Pieces))
	for i, p := range x.Trace.Pieces {
		pieces[i] = string(out[p.Start:p.End])
	}
	return pieces, nil
}

// barNode is how many times as fast as Handlebars.js each template must be.
var barNode = map[string]float64{"sms": 20, "shortcut": 30, "email": 8, "transcript": 10}

// The other bars of the design, section 9, and of this package's task.
const (
	barJSON    = 3
	barRaymond = 8
	barText    = 3
	barCompile = 5
)

func report(rows []*row) error {
	var faults []error
	check := func(r *row, what string, ratio, bar float64) {
		if ratio < bar {
			faults = append(faults, fmt.Errorf("%s: %.1f times as fast as %s, the bar is %g", r.name, ratio, what, bar))
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tsource B\toutput B\trender ns\tallocs\tJSON+render ns\tallocs\tcompile ns\tNode ns\tNode JSON ns\traymond ns\traymond parse ns\ttext/template ns\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%d\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t\n", r.name, r.source, len(r.output),
			r.append, r.appendAllocs, r.json, r.jsonAllocs, r.compile, r.nodeRender, r.nodeJSON, r.raymond, r.raymondCompile, r.textTemplate)
	}
	fmt.Fprintf(w, "\nratio (bar)\tNode\tNode from JSON (%d)\traymond (%d)\ttext/template (%d)\traymond parse (%d)\tpieces ns\ttimes of it\tcopied ns\ttimes of it\t\n", barJSON, barRaymond, barText, barCompile)
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%.1f (%g)\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%.1f\t%.0f\t%.1f\t\n", r.name,
			r.nodeRender/r.append, barNode[r.name], r.nodeJSON/r.json, r.raymond/r.append, r.textTemplate/r.append, r.raymondCompile/r.compile,
			r.pieces, r.append/r.pieces, r.copied, r.append/r.copied)
		check(r, "Node", r.nodeRender/r.append, barNode[r.name])
		check(r, "Node from JSON", r.nodeJSON/r.json, barJSON)
		check(r, "raymond", r.raymond/r.append, barRaymond)
		check(r, "text/template", r.textTemplate/r.append, barText)
		check(r, "raymond's parser", r.raymondCompile/r.compile, barCompile)
		if r.output != r.nodeOutput {
			faults = append(faults, fmt.Errorf("%s: the output is not that of Handlebars.js", r.name))
		}
		// The others escape less or not at all.
		plain := html.UnescapeString(r.output)
		if plain != html.UnescapeString(r.raymondOutput) || plain != html.UnescapeString(r.textOutput) {
			faults = append(faults, fmt.Errorf("%s: raymond or text/template render something else", r.name))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return errors.Join(faults...)
}

// decode decodes a context for the peers.
func decode(name string) (data map[string]any, err error) {
	err = json.NewDecoder(strings.NewReader(string(read(name + ".json")))).Decode(&data)
	return data, err
}
