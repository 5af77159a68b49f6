package dryrun

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// newOptions are those of a bulk of a catalog's only shortcut, "s", on one channel.
func newOptions(t testing.TB, shortcut string, p bulk.Part, in string, change ...func(*compose.Options)) Options {
	t.Helper()
	loaded, err := catalog.Load(fstest.MapFS{"shortcuts/s.yaml": {Data: []byte("name: s\n" + shortcut)}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	blobs := compose.NewLocalBlobs(loaded, nil)
	files, err := attach.New(attach.Options{Blobs: blobs})
	if err != nil {
		t.Fatal(err)
	}
	o := compose.Options{Catalog: func() *catalog.Catalog { return loaded }, Renderer: r, Attachments: files, Blobs: blobs}
	for _, f := range change {
		f(&o)
	}
	c, err := compose.New(o)
	if err != nil {
		t.Fatal(err)
	}
	p.Content = task.Content{Shortcut: "s"}
	if p.Sources, err = compose.Pin(t.Context(), blobs, time.Hour, loaded, p.Content); err != nil {
		t.Fatal(err)
	}
	return Options{Definition: bulk.Definition{Messages: []bulk.Part{p}}, Composer: c, Audience: audience(t, in, p.Channel)}
}

func audience(t testing.TB, in string, c message.Channel) iter.Seq2[bulk.Recipient, error] {
	t.Helper()
	a, err := bulk.OpenAudience(strings.NewReader(in), "", c)
	if err != nil {
		t.Fatal(err)
	}
	return a.All()
}

const greeting = "subject: Hello {{customer.firstName}}\nmessage: Your number is {{customer.custom.orderStr}}.\n"

func emailTo(t testing.TB, in string, change ...func(*compose.Options)) Options {
	t.Helper()
	return newOptions(t, greeting, bulk.Part{Channel: message.Email, From: "stay@fernhill.example"}, in, change...)
}

// single is the result of a bulk on one channel.
type single struct {
	*Result
	*MessageResult
}

func dry(t testing.TB, o Options) *single {
	t.Helper()
	all, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	r := &single{all, &all.Messages[0]}
	if sum := r.Sendable + r.Failing + r.Skipped + r.Suppressed.Count + r.BadRows.Count; sum != r.Rows {
		t.Errorf("the parts add up to %d of %d rows", sum, r.Rows)
	}
	return r
}

const mixed = `to,customer.firstName,customer.custom.orderStr,customer.custom.nNum
ada@example.com,Ada,A-1,1
,Nobody,A-2,2
not an address,Bob,A-3,3
Ada@Example.com,Ada,A-4,4
cleo@example.com,,,5
dan@example.com,Dan,,many
dora@example.com,,A-7,7
eve@example.com,Eve,,8
ada@example.com,Ada,A-9,9
`

func TestFindings(t *testing.T) {
	o := emailTo(t, mixed)
	o.PerSecond = 2.5
	r := dry(t, o)
	if r.Rows != 9 || r.Sendable != 6 || r.Failing != 1 || r.Skipped != 1 || r.BadRows.Count != 1 {
		t.Errorf("counts %+v", r)
	}
	wantIssues := []Finding{
		{Code: "missing_field", Field: "customer.custom.orderStr", Rows: Rows{2, []int{5, 8}}},
		{Code: "missing_field", Field: "customer.firstName", Rows: Rows{2, []int{5, 7}}},
	}
	for i := range r.Issues {
		if r.Issues[i].Example == "" {
			t.Errorf("issue without an example: %+v", r.Issues[i])
		}
		r.Issues[i].Example = ""
	}
	if !reflect.DeepEqual(r.Issues, wantIssues) {
		t.Errorf("issues %+v", r.Issues)
	}
	if len(r.Failures) != 1 || r.Failures[0].Code != "invalid_address" || !reflect.DeepEqual(r.Failures[0].Rows, Rows{1, []int{3}}) ||
		len(r.Skips) != 1 || r.Skips[0].Code != "no_address" || !reflect.DeepEqual(r.Skips[0].Rows, Rows{1, []int{2}}) {
		t.Errorf("failures %+v", r.Failures)
	}
	if len(r.BadRows.Few) != 1 || r.BadRows.Few[0].Line != 7 || !strings.Contains(r.BadRows.Few[0].Text, "not a number") {
		t.Errorf("bad rows %+v", r.BadRows)
	}
	if want := (Duplicates{2, []Repeat{{4, 1}, {9, 1}}}); !reflect.DeepEqual(r.Duplicates, want) {
		t.Errorf("duplicates %+v", r.Duplicates)
	}
	if r.Seconds != 2.4 {
		t.Errorf("%v seconds for 6 messages at 2.5 a second", r.Seconds)
	}
	if r.Bytes.Total <= 0 || r.Bytes.Mean != float64(r.Bytes.Total)/6 || r.Bytes.Row == 0 {
		t.Errorf("sizes %+v", r.Bytes)
	}
}

func TestSkips(t *testing.T) {
	o := emailTo(t, mixed)
	o.Definition.OnIssue = task.SkipOnIssue
	o.Definition.Deduplicate = true
	if r := dry(t, o); r.Sendable != 1 || r.Skipped != 6 || len(r.Issues) != 2 {
		t.Errorf("%d sendable, %d skipped, issues %+v", r.Sendable, r.Skipped, r.Issues)
	}
}

func TestSuppressed(t *testing.T) {
	o := emailTo(t, mixed)
	o.Suppressed = func(_ context.Context, _ message.Channel, _ string, addresses []string) ([]*suppress.Entry, error) {
		out := make([]*suppress.Entry, len(addresses))
		for i, a := range addresses {
			if a == "eve@example.com" {
				out[i] = &suppress.Entry{Reason: suppress.Unsubscribed}
			}
		}
		return out, nil
	}
	r := dry(t, o)
	if !reflect.DeepEqual(r.Suppressed, Rows{1, []int{8}}) || r.Sendable != 5 || r.Failing != 1 {
		t.Errorf("suppressed %+v, %d sendable, %d failing", r.Suppressed, r.Sendable, r.Failing)
	}
	o = emailTo(t, mixed)
	o.Suppressed = func(context.Context, message.Channel, string, []string) ([]*suppress.Entry, error) {
		return nil, errors.New("redis is away")
	}
	if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "redis is away") {
		t.Errorf("error %v", err)
	}
}

func TestSMS(t *testing.T) {
	in := "to,customer.firstName\n+491511,Ada\n+491512," + strings.Repeat("x", 200) + "\n+491513,漢\n+491514,O’Neill\n+491515,D’Arcy\n"
	o := newOptions(t, "message: Hi {{customer.firstName}}\n", bulk.Part{Channel: message.SMS, From: "Fernhill"}, in)
	o.SegmentPrice = 0.5
	r := dry(t, o)
	want := &SMS{
		Segments: 6, GSM7: 2, UCS2: 3, BySegments: map[int]int{1: 4, 2: 1}, Worst: Segments{2, 2, "GSM-7"}, Cost: 3,
		Forcing: []Forcing{{"’", "'", Rows{2, []int{4, 5}}}, {"漢", "", Rows{1, []int{3}}}},
	}
	if !reflect.DeepEqual(r.SMS, want) {
		t.Errorf("got %+v, want %+v", r.SMS, want)
	}
	var out strings.Builder
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"6 segments, at most 2 (row 2, GSM-7); 2 in GSM-7, 3 in UCS-2", "4 of 1, 1 of 2", "3.00",
		`"’" makes 2 of them UCS-2: row 4, 5; "'" would not`, `"漢" makes 1 of them UCS-2: row 3`,
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("lacks %q in\n%s", line, out.String())
		}
	}
}

// fileSizes finds files of a size each.
type fileSizes map[string]int

func (f fileSizes) Resolve(_ context.Context, _ attach.Policy, refs []message.Ref) ([]message.Attachment, error) {
	var out []message.Attachment
	for _, ref := range refs {
		n, ok := f[ref.File]
		if !ok {
			return nil, &attach.Error{Code: "attachment_missing", Name: ref.File, Reason: "is not there"}
		}
		out = append(out, message.Attachment{Name: ref.File, Type: "application/pdf", Data: make([]byte, n)})
	}
	return out, nil
}

func TestAttachments(t *testing.T) {
	o := emailTo(t, "to,attachments\na@b.com,\nb@b.com,b.pdf\nc@b.com,gone.pdf\n", func(o *compose.Options) {
		o.Attachments = fileSizes{"all.pdf": 1000, "b.pdf": 500}
	})
	o.Definition.Messages[0].Attachments = []message.Ref{{File: "all.pdf"}}
	r := dry(t, o)
	if want := (Sizes{Total: 2500, Mean: 1250, Largest: 1500, Row: 2}); r.Attached != want {
		t.Errorf("files %+v", r.Attached)
	}
	if len(r.Failures) != 1 || r.Failures[0].Code != "attachment_missing" || r.Failures[0].Few[0] != 3 {
		t.Errorf("failures %+v", r.Failures)
	}
}

// What fails at rendering, or at the check that every sender makes, is found before.
func TestMessagesThatWouldFail(t *testing.T) {
	o := newOptions(t, "subject: Hello {{customer.firstName}}\nmessage: Hi {{customer.firstName}}{{customer.firstName}}\n",
		bulk.Part{Channel: message.Email, From: "stay@fernhill.example"}, `{"to":"a@b.com","context":{"customer":{"firstName":"`+strings.Repeat("x", 200_000)+`"}}}`+"\n"+
			`{"to":"b@b.com","context":{"customer":{"firstName":"`+strings.Repeat("y", 999_000)+`"}}}`+"\n")
	r := dry(t, o)
	if r.Failing != 2 || len(r.Failures) != 2 {
		t.Fatalf("failures %+v", r.Failures)
	}
	codes := map[string]bool{r.Failures[0].Code: true, r.Failures[1].Code: true}
	if !codes["invalid_message"] || len(r.Failures[0].Example) > mostText+3 {
		t.Errorf("failures %+v", r.Failures)
	}
}

func TestPrint(t *testing.T) {
	o := emailTo(t, mixed+"x\x1b[31m\u202e@example.com,Evil,A-10,1\n")
	o.PerSecond = 0.001
	r := dry(t, o)
	r.Plan, r.Bytes = "0123abcd", Sizes{Total: 6600, Mean: 1100, Largest: 1234, Row: 4}
	var out strings.Builder
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	t.Log("\n" + got)
	for _, want := range []string{
		"Dry run: email, 10 rows. Nothing was sent.",
		"would be sent", "would fail", "1  rows can't be read", "2  come again: row 4 (as row 1), row 9 (as row 1)", "line 7: column",
		"invalid_address", "row 3, 10", "missing_field customer.custom.orderStr", "row 5, 8",
		"1.1 KB on average, at most 1.2 KB (row 4)", "1h40m0s at 0.001 a second", "0123abcd",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q", want)
		}
	}
	r.Failures[0].Example = "x\x1b[31m\u202e\r\n\u0085y"
	out.Reset()
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.ContainsAny(got, "\x1b\u202e\r\u0085") || !strings.Contains(got, "x[31m") {
		t.Errorf("prints control characters: %q", got)
	}
}
