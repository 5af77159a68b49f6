package dryrun

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/lint"
	"github.com/heraldsend/herald/render/sms"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

const (
	// mostFindings bounds the kinds of findings, since fields may be computed from data. All further ones count as
	// one kind.
	mostFindings = 1000
	// mostText bounds an example's text, in bytes.
	mostText = 200
	// mostSample bounds the rendered messages that are kept.
	mostSample = 1000
)

// tally is the count of one goroutine. The tallies of parts add up to that of the whole, however the parts are
// distributed.
type tally struct {
	examples, keep int

	sendable, skipped, failed int

	duplicates int
	repeats    []Repeat
	failures   map[kind]*Finding
	skips      map[kind]*Finding
	issues     map[kind]*Finding
	mail       map[kind]*Finding // of the first mails, as mail clients show them
	Suppressed Rows
	Bytes      Sizes
	Attached   Sizes
	sms        smsTally
	sample     sample
}

// kind is the key by which findings are counted.
type kind struct{ code, field string }

func newTally(o Options) *tally {
	return &tally{
		examples: o.Examples, keep: min(max(0, o.Sample), mostSample),
		failures: map[kind]*Finding{}, skips: map[kind]*Finding{}, issues: map[kind]*Finding{}, mail: map[kind]*Finding{}, sms: smsTally{bySegments: map[int]int{}, forcing: map[kind]*Finding{}},
	}
}

// newTallies are those of a definition's messages.
func newTallies(o Options) []*tally {
	all := make([]*tally, o.Definition.Slots())
	for i := range all {
		all[i] = newTally(o)
	}
	return all
}

func (b *BadRows) add(e *bulk.RowError, examples int) {
	b.Count++
	if len(b.Few) < examples {
		b.Few = append(b.Few, BadRow{Line: e.Line, Text: clip(e.Words())})
	}
}

func (t *tally) duplicate(row, first int) {
	t.duplicates++
	if len(t.repeats) < t.examples {
		t.repeats = append(t.repeats, Repeat{Row: row, First: first})
	}
}

// count counts the result of one message.
func (t *tally) count(row int, j compose.Job, out compose.Composed) {
	if out.Content != nil {
		t.noteIssues(row, out.Content.Issues)
	}
	if out.Verdict == nil {
		t.sendable++
		if out.Message != nil {
			t.measure(row, out)
			t.looks(row, out)
			t.offer(row, j.Message, out.Content, false)
		}
		return
	}
	switch v := out.Verdict; v.State {
	case ledger.Suppressed:
		t.Suppressed.add(row, t.examples)
	case ledger.Skipped:
		t.skipped++
		note(t.skips, kind{code: v.Code}, row, v.Text, t.examples)
		if out.Content != nil {
			t.offer(row, j.Message, out.Content, true)
		}
	default:
		t.failed++
		note(t.failures, kind{code: v.Code}, row, v.Text, t.examples)
	}
}

// measure counts the sizes of a message that would be sent.
func (t *tally) measure(row int, out compose.Composed) {
	m := out.Message
	t.Bytes.add(row, int64(len(m.Subject)+len(m.HTML)+len(m.Text)))
	var files int64
	for _, a := range m.Attachments {
		files += int64(len(a.Data))
	}
	t.Attached.add(row, files)
	if size := out.Content.SMS; size != nil {
		t.sms.add(row, size, t.examples)
	}
}

// noteIssues counts each kind of issue once for each recipient.
func (t *tally) noteIssues(row int, issues []render.Issue) {
	for i, issue := range issues {
		same := func(other render.Issue) bool { return other.Code == issue.Code && other.Field == issue.Field }
		if !slices.ContainsFunc(issues[:i], same) {
			note(t.issues, kind{issue.Code, clip(issue.Field)}, row, issue.Message, t.examples)
		}
	}
}

func note(all map[kind]*Finding, k kind, row int, text string, examples int) {
	f := all[k]
	if f == nil {
		if len(all) >= mostFindings {
			k = kind{code: "others"}
			f = all[k]
		}
		if f == nil {
			f = &Finding{Code: k.code, Field: k.field}
			all[k] = f
		}
	}
	if f.Count == 0 || row < f.Rows.Few[0] {
		f.Example = clip(text)
	}
	f.add(row, examples)
}

// merge adds what another goroutine counted.
func (t *tally) merge(o *tally) {
	t.sendable += o.sendable
	t.skipped += o.skipped
	t.failed += o.failed
	t.duplicates += o.duplicates
	t.repeats = fewest(append(t.repeats, o.repeats...), t.examples, func(a, b Repeat) int { return cmp.Compare(a.Row, b.Row) })
	mergeFindings(t.failures, o.failures, t.examples)
	mergeFindings(t.skips, o.skips, t.examples)
	mergeFindings(t.issues, o.issues, t.examples)
	mergeFindings(t.mail, o.mail, t.examples)
	t.Suppressed.merge(o.Suppressed, t.examples)
	t.Bytes.merge(o.Bytes)
	t.Attached.merge(o.Attached)
	t.sms.merge(o.sms, t.examples)
	for _, s := range o.sample {
		t.keepMessage(s)
	}
}

func mergeFindings(into, from map[kind]*Finding, examples int) {
	for k, f := range from {
		mine := into[k]
		switch {
		case mine == nil:
			into[k] = f
			continue
		case f.Rows.Few[0] < mine.Rows.Few[0]:
			mine.Example = f.Example
		}
		mine.merge(f.Rows, examples)
	}
}

// fewest keeps the first n of a list.
func fewest[T any](list []T, n int, compare func(a, b T) int) []T {
	slices.SortFunc(list, compare)
	return list[:min(n, len(list))]
}

func (r *Rows) add(row, examples int) {
	r.Count++
	if len(r.Few) < examples {
		r.Few = append(r.Few, row)
	}
}

func (r *Rows) merge(o Rows, examples int) {
	r.Count += o.Count
	r.Few = fewest(append(r.Few, o.Few...), examples, cmp.Compare[int])
}

func (s *Sizes) add(row int, bytes int64) {
	s.Total += bytes
	if bytes > s.Largest || s.Row == 0 {
		s.Largest, s.Row = bytes, row
	}
}

func (s *Sizes) merge(o Sizes) {
	s.Total += o.Total
	if s.Row == 0 || o.Row != 0 && (o.Largest > s.Largest || o.Largest == s.Largest && o.Row < s.Row) {
		s.Largest, s.Row = o.Largest, o.Row
	}
}

// looked is how many rows have their mail looked at: what is wrong with the first ones is wrong with nearly all.
const looked = 20

// looks notes what mail clients would show badly.
func (t *tally) looks(row int, out compose.Composed) {
	if row > looked || out.Content.Channel.Form() != catalog.FormHTML {
		return
	}
	for _, f := range lint.Mail(out.Content, out.Message.Unsubscribe) {
		note(t.mail, kind{code: f.Code}, row, f.Message, t.examples)
	}
}

// smsTally counts how SMS are billed.
type smsTally struct {
	segments, gsm7, ucs2 int
	worst                Segments
	bySegments           map[int]int
	forcing              map[kind]*Finding // by the text and its swap
}

func (s *smsTally) add(row int, size *sms.Size, examples int) {
	s.segments += size.Segments
	s.bySegments[size.Segments]++
	if size.Encoding == sms.UCS2 {
		s.ucs2++
	} else {
		s.gsm7++
	}
	for _, f := range size.Forcing {
		note(s.forcing, kind{clip(f.Text), f.Swap}, row, "", examples)
	}
	s.offer(Segments{Row: row, Segments: size.Segments, Encoding: string(size.Encoding)})
}

// offer keeps the most segments, of the first row that has them.
func (s *smsTally) offer(w Segments) {
	if w.Segments > s.worst.Segments || w.Segments == s.worst.Segments && w.Row < s.worst.Row {
		s.worst = w
	}
}

func (s *smsTally) merge(o smsTally, examples int) {
	s.segments += o.segments
	s.gsm7 += o.gsm7
	s.ucs2 += o.ucs2
	for n, count := range o.bySegments {
		s.bySegments[n] += count
	}
	mergeFindings(s.forcing, o.forcing, examples)
	s.offer(o.worst)
}

// sample is a heap of the messages with the lowest draws; the highest is on top.
type sample []drawn

type drawn struct {
	draw    uint64
	message Message
}

func (s sample) Len() int           { return len(s) }
func (s sample) Less(i, j int) bool { return s[i].draw > s[j].draw }
func (s sample) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push implements heap.Interface.
func (s *sample) Push(x any) { *s = append(*s, x.(drawn)) }

// Pop implements heap.Interface.
func (s *sample) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// draw is the lot of each row: spread evenly, and the same every time (the finalizer of SplitMix64).
func draw(row int) uint64 {
	z := uint64(row) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// offer keeps the message if its row is drawn.
func (t *tally) offer(row int, m task.Message, c *render.Content, skip bool) {
	lot := draw(row)
	if len(t.sample) < t.keep || t.keep > 0 && lot < t.sample[0].draw {
		t.keepMessage(drawn{lot, Message{Row: row, To: m.To, Locale: m.Locale, Skipped: skip, Content: c}})
	}
}

func (t *tally) keepMessage(d drawn) {
	if heap.Push(&t.sample, d); len(t.sample) > t.keep {
		heap.Pop(&t.sample)
	}
}

// findings lists them, the most frequent first.
func findings(all map[kind]*Finding) []Finding {
	out := make([]Finding, 0, len(all))
	for f := range maps.Values(all) {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field))
	})
	return out
}

// clip cuts a text that may hold data.
func clip(s string) string {
	if len(s) <= mostText {
		return s
	}
	cut := mostText
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
