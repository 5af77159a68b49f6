// Package metertest looks for inputs whose cost grows faster than their length. A grammar is a list of pieces that mean
// something to a converter; a recipe, which is random or a fuzzer's, makes inputs of any size from them.
package metertest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The sizes of inputs, in bytes.
const (
	Small = 64 << 10
	Large = 4 * Small
)

// The bar. Four times the input may take four times the CPU and the memory, and half as much again for what caches and the
// collector do: what takes more grows faster than its input. Below the floor nobody measures. Whatever it grows like, and also
// where a limit ends it, Large costs at most the ceiling.
const (
	growth      = 4 * 1.5
	floorCPU    = 300 * time.Millisecond
	floorMemory = 64 << 20
	ceilingCPU  = 2 * time.Second
)

// cases is how many random recipes a test takes for each converter.
var cases = flag.Int("costs.cases", 12, "random recipes of each converter's grammar")

// Input makes a text of about n bytes: a beginning, a middle and an end, each of which repeats some pieces.
func Input(recipe []byte, pieces []string, n int) string {
	next := func() int {
		if len(recipe) == 0 {
			return 0
		}
		b := recipe[0]
		recipe = recipe[1:]
		return int(b)
	}
	shares := [][3]int{{0, 1, 0}, {1, 1, 1}, {1, 0, 1}, {1, 1, 0}, {0, 1, 1}, {1, 8, 1}}[next()%6]
	all := shares[0] + shares[1] + shares[2]
	var b strings.Builder
	for _, share := range shares {
		unit := ""
		for range 1 + next()%4 {
			unit += pieces[next()%len(pieces)]
		}
		b.WriteString(strings.Repeat(unit, n*share/all/max(1, len(unit))))
	}
	return b.String()
}

// Check measures a converter with the input of a recipe. Its error means that a limit ended the work.
func Check(t *testing.T, recipe []byte, pieces []string, convert func(input string) error) {
	t.Helper()
	if len(recipe) < 5 || len(recipe) > 20 {
		t.Skip()
	}
	large := Input(recipe, pieces, Large)
	cost, err := measure(large, convert)
	if cost.cpu > ceilingCPU {
		if again, _ := measure(large, convert); again.cpu > ceilingCPU {
			t.Errorf("%d bytes take %v (%v): %s", len(large), min(cost.cpu, again.cpu), err, show(large))
		}
	}
	if err != nil || cost.cpu < floorCPU && cost.memory < floorMemory {
		return
	}
	small := Input(recipe, pieces, Small)
	before, err := measure(small, convert)
	if err != nil {
		return
	}
	for range 3 { // the least counts: others use the machine, too
		if !cost.outgrows(before) {
			return
		}
		again, _ := measure(large, convert)
		cost = cost.least(again)
		if again, _ = measure(small, convert); again.cpu > before.cpu {
			before.cpu = again.cpu // what a small input may take
		}
	}
	t.Errorf("%d bytes take %v and %d KB, %d bytes %v and %d KB: %s", len(small), before.cpu, before.memory>>10, len(large), cost.cpu, cost.memory>>10, show(large))
}

// Run checks random recipes, the same each time.
func Run(t *testing.T, pieces []string, convert func(input string) error) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 15))
	for i := range *cases {
		recipe := make([]byte, 16)
		for j := range recipe {
			recipe[j] = byte(random.Uint32())
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) { Check(t, recipe, pieces, convert) })
	}
}

// Fuzz checks a fuzzer's recipes.
func Fuzz(f *testing.F, pieces []string, convert func(input string) error) {
	f.Helper()
	for i := range pieces {
		f.Add([]byte{0, 0, 0, 0, byte(i), 0, 0})
	}
	f.Fuzz(func(t *testing.T, recipe []byte) { Check(t, recipe, pieces, convert) })
}

type cost struct {
	cpu    time.Duration
	memory uint64 // bytes that were allocated
}

func (c cost) outgrows(small cost) bool {
	return c.cpu > floorCPU && float64(c.cpu) > growth*float64(max(small.cpu, time.Millisecond)) ||
		c.memory > floorMemory && float64(c.memory) > growth*float64(small.memory)
}

func (c cost) least(o cost) cost { return cost{min(c.cpu, o.cpu), min(c.memory, o.memory)} }

func measure(input string, convert func(string) error) (cost, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpu()
	err := convert(input)
	took := cpu() - began
	runtime.ReadMemStats(&after)
	return cost{took, after.TotalAlloc - before.TotalAlloc}, err
}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func show(s string) string {
	if len(s) > 200 {
		return fmt.Sprintf("%q … %q", s[:150], s[len(s)-50:])
	}
	return fmt.Sprintf("%q", s)
}

// HTML are pieces of HTML, as mail programs and attackers write it.
var HTML = []string{
	"<p>", "</p>", "<br>", "x", " ", "\n", "<b>", "</b>", "<i>", "</i>", "<div>", "</div>", "<a href='https://a.example/?b=c'>", "</a>", "<a>", "<ul>", "<ol start=99>", "<li>",
	"</li>", "</ul>", "</ol>", "<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "<blockquote>", "</blockquote>", "<pre>", "</pre>", "<!--", "-->", "<!--[if mso]>", "<![endif]-->",
	"<style>", "</style>", "<script>", "</script>", "<textarea>", "<select>", "<option>", "<svg>", "<math>", "<template>", "<title>", "<span style='display:none'>", "</span>",
	"<s style='text-decoration:line-through'>", "<font color=red>", "&amp;", "&#x1F600;", "&", "<", ">", "</", "<!", "<?", "\"", "'", "=", "<img src=cid:x alt=y>", "<p ", "a=b ", "<h1>", "<hr>",
	"<button>", "<form>", "<input type=checkbox>", "<q>", "<frameset>", "<caption>", "<col>", "<dd>", "<nobr>", "word ", "https://a.example/", "é", "\u202e", "\x00",
}

// Markdown are pieces of Markdown.
var Markdown = []string{
	"a", " ", "\n", "\n\n", "*", "_", "**", "~~", "`", "```\n", "[", "]", "(", ")", "[a](b)", "![", "](", "> ", "- ", "1. ", "    ", "\t", "# ", "|", "|-|\n", "---\n", "===\n", "<b>", "<!--", "<", ">",
	"&", "\\", "\\\n", "https://a.example/", "www.a.example", "a@b.example", "[a]: b\n", "[a]", "[^1]", "- [ ] ", "+ ", ":", "\"", "'", "é", "word ", "{.button}", "[!NOTE]\n", "!", "<a href='b'>", "</a>", "  \n",
}
