package bulk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/heraldsend/herald/worker/message"
)

// collect returns what an audience yields: recipients, row faults, and the error that ended it.
func collect(audience iter.Seq2[Recipient, error]) (all []Recipient, bad []*RowError, err error) {
	for r, err := range audience {
		var row *RowError
		switch {
		case errors.As(err, &row):
			bad = append(bad, row)
		case err != nil:
			return all, bad, err
		default:
			all = append(all, r)
		}
	}
	return all, bad, nil
}

func TestOpenAudience(t *testing.T) {
	const csv, ndjson = "customer.email,customer.firstName\nada@example.com,Ada\n",
		`{"to":"ada@example.com","context":{"customer":{"email":"ada@example.com","firstName":"Ada"}}}` + "\n"
	for _, c := range []struct{ name, file, in string }{
		{"csv", "a.csv", csv},
		{"csv, no name", "", csv},
		{"csv, byte order mark", "", "\ufeff" + csv},
		{"ndjson", "a.ndjson", ndjson},
		{"ndjson, no name", "", ndjson},
		{"ndjson named csv", "a.csv", ndjson},
		{"ndjson, mark, blank lines, CRLF", "", "\ufeff\r\n\n" + strings.ReplaceAll(ndjson, "\n", "\r\n\r\n")},
		{"ndjson without a last line break", "", strings.TrimSpace(ndjson)},
		{"csv, gzip", "a.csv.gz", gzipped(t, csv)},
		{"csv, zstd", "standard input", zstandard(t, csv)},
		{"ndjson, gzip, no name", "", gzipped(t, ndjson)},
		{"ndjson, zstd", "A.NDJSON.ZST", zstandard(t, ndjson)},
		{"gzip of two members", "", gzipped(t, csv[:40]) + gzipped(t, csv[40:])},
		{"zstd of two frames", "", zstandard(t, ndjson[:20]) + zstandard(t, ndjson[20:])},
	} {
		t.Run(c.name, func(t *testing.T) {
			audience, err := OpenAudience(iotest.OneByteReader(strings.NewReader(c.in)), c.file, message.Email)
			if err != nil {
				t.Fatal(err)
			}
			all, bad, err := collect(audience.All())
			if err != nil || len(bad) > 0 || len(all) != 1 {
				t.Fatalf("%d recipients, bad rows %v, error %v", len(all), bad, err)
			}
			if r := all[0]; r.Email != "ada@example.com" || !sameJSON(t, string(r.Context), `{"customer":{"email":"ada@example.com","firstName":"Ada"}}`) {
				t.Errorf("recipient %s %s", r.Email, r.Context)
			}
		})
	}
}

func TestOpenAudienceRefuses(t *testing.T) {
	const csv = "customer.email\nada@example.com\n"
	for _, c := range []struct{ name, file, in, want string }{
		{"nothing", "", "", "the audience is empty"},
		{"workbook", "a.csv", "PK\x03\x04\x14\x00", "Excel"},
		{"UTF-16, no columns", "a.csv", "\xff\xfet\x00", "no column"},
		{"Windows-1252", "a.csv", "customer.email,Stra\xdfe\n", "save the file in UTF-8"},
		{"JSON array", "a.json", " [\n{}]", "jq"},
		{"packed twice", "a.csv.gz", gzipped(t, gzipped(t, csv)), "packed twice"},
		{"zstd in gzip", "", gzipped(t, zstandard(t, csv)), "packed twice"},
		{"broken gzip header", "", "\x1f\x8b\x00", "unpack gzip"},
		{"broken gzip", "", gzipped(t, csv)[:20], "unpack gzip"},
		{"broken zstd", "", zstandard(t, csv)[:20], "unpack zstd"},
		{"read error", "", "\x00broken", "broken pipe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in io.Reader = strings.NewReader(c.in)
			if c.name == "read error" {
				in = iotest.ErrReader(errors.New("broken pipe"))
			}
			_, err := OpenAudience(in, c.file, message.Email)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A million rows with one bad row in the middle: its line is told, the rest is read, and memory stays where it is.
func TestMillionRows(t *testing.T) {
	const rows = 1_000_000 / raceFactor
	const bad = rows/2 + 1
	for _, c := range []struct {
		name string
		open func(io.Writer) (io.WriteCloser, error)
		head string
		row  func(i int) string
		line int // of the bad row
	}{
		{
			name: "csv, zstd", open: func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) },
			head: "customer.email,customer.firstName,customer.custom.visitsNum\n", line: bad + 2,
			row: func(i int) string {
				if i == bad {
					return "user@example.com,Ada,many\n"
				}
				return fmt.Sprintf("user%d@example.com,Ada,%d\n", i, i%40)
			},
		},
		{
			name: "ndjson, gzip", open: func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestSpeed) }, line: bad + 1,
			row: func(i int) string {
				if i == bad {
					return "{\"to\":\"user@example.com\",\"context\":{\"customer\":}}\n"
				}
				return fmt.Sprintf("{\"to\":\"user%d@example.com\",\"context\":{\"customer\":{\"firstName\":\"Ada\",\"n\":%d}}}\n", i, i)
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, out := io.Pipe()
			go func() {
				w, err := c.open(out)
				if err == nil {
					_, err = io.WriteString(w, c.head)
				}
				for i := 0; i < rows && err == nil; i++ {
					_, err = io.WriteString(w, c.row(i))
				}
				out.CloseWithError(errors.Join(err, w.Close()))
			}()
			audience, err := OpenAudience(in, "", message.Email)
			if err != nil {
				t.Fatal(err)
			}
			var base, most uint64
			good, faults, seen := 0, []*RowError(nil), 0
			for r, err := range audience.All() {
				var row *RowError
				switch {
				case errors.As(err, &row):
					faults = append(faults, row)
				case err != nil:
					t.Fatal(err)
				case r.Email == "" || len(r.Context) == 0:
					t.Fatalf("row %d: %+v", seen, r)
				default:
					good++
				}
				if seen++; seen%(rows/10) == 0 {
					runtime.GC()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					if base == 0 {
						base = m.HeapAlloc
					}
					most = max(most, m.HeapAlloc)
				}
			}
			if good != rows-1 || len(faults) != 1 || faults[0].Line != c.line {
				t.Errorf("%d good rows, bad ones %v; want %d and one on line %d", good, faults, rows-1, c.line)
			}
			if most > base+(4<<20) {
				t.Errorf("the heap grew from %d to %d bytes", base, most)
			}
			t.Logf("%v; heap %d KB at first, at most %d KB", faults, base>>10, most>>10)
		})
	}
}

func TestNDJSON(t *testing.T) {
	for _, c := range []struct {
		name, in string
		channel  message.Channel
		want     Recipient
	}{
		{"everything", ` { "to" : " ada@example.com " , "locale":"fr-CA","timezone":"America/Toronto","context": {"n":9007199254740993, "a":[1,{"}":"]\""}]} ,"attachments":["a.pdf"," b.png "]} `,
			message.Email, Recipient{
				Email: "ada@example.com", Locale: "fr-CA", Timezone: "America/Toronto", Context: json.RawMessage(`{"n":9007199254740993, "a":[1,{"}":"]\""}]}`),
				Attachments: []message.Ref{{File: "a.pdf"}, {File: "b.png"}},
			}},
		{"nothing", `{}`, message.Email, Recipient{}},
		{"nulls", `{"to":null,"locale":null,"timezone":null,"context":null,"attachments":null}`, message.Email, Recipient{}},
		{"no attachments", `{"attachments":[]}`, message.Email, Recipient{}},
		{"address of the context", `{"context":{"customer":{"email":"a\u0040b.com"}}}`, message.Email, Recipient{Email: "a@b.com", Context: json.RawMessage(`{"customer":{"email":"a\u0040b.com"}}`)}},
		{"phone of the context", `{"to":null,"context":{"customer":{"phone":"+4930123"}}}`, message.SMS, Recipient{Phone: "+4930123", Context: json.RawMessage(`{"customer":{"phone":"+4930123"}}`)}},
		{"an address that is no text", `{"context":{"customer":{"phone":4930123}}}`, message.SMS, Recipient{Context: json.RawMessage(`{"customer":{"phone":4930123}}`)}},
		{"an empty address is none", `{"to":"","context":{"customer":{"email":"a@b.com"}}}`, message.Email, Recipient{Context: json.RawMessage(`{"customer":{"email":"a@b.com"}}`)}},
		{"text that looks like a template", `{"to":"a@b.com","context":{"x":"{{y}}[[sn.z]]\\"}}`, message.Email, Recipient{Email: "a@b.com", Context: json.RawMessage(`{"x":"{{y}}[[sn.z]]\\"}`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, bad, err := collect(NewNDJSON(strings.NewReader(c.in), c.channel).All())
			if err != nil || len(bad) > 0 || len(all) != 1 {
				t.Fatalf("%d recipients, bad rows %v, error %v", len(all), bad, err)
			}
			c.want.checked, c.want.line = len(c.want.Context) > 0, 1
			if !reflect.DeepEqual(all[0], c.want) {
				t.Errorf("got %+v, want %+v", all[0], c.want)
			}
		})
	}
}

// Each bad row is told with its line and what is wrong; the row after it is read.
func TestNDJSONBadRows(t *testing.T) {
	for _, c := range []struct{ name, row, want string }{
		{"not an object", `["a@b.com"]`, "want a JSON object"},
		{"csv", `a@b.com,Ada`, "want a JSON object"},
		{"torn", `{"to":"a@b.com"`, "column 15: unexpected end"},
		{"syntax", `{"to":"ä@b.com",}`, "column 17: invalid character"},
		{"two objects", `{"to":"a@b.com"} {}`, "column 18: invalid character '{' after top-level value"},
		{"not UTF-8", "{\"to\":\"\xff\"}", "not UTF-8"},
		{"unknown", `{"customer":{}}`, `/customer: there is no member "customer"; fields such as customer belong into context`},
		{"other case", `{"To":"a@b.com"}`, `/To: there is no member "To"; did you mean "to"?`},
		{"doubled", `{"to":"a@b.com","to":"c@b.com"}`, "/to: the member stands twice"},
		{"doubled, escaped", `{"to":"a@b.com","\u0074o":"c@b.com"}`, "/to: the member stands twice"},
		{"address is a number", `{"to":4930123}`, "/to: want a text, found a number"},
		{"locale is a list", `{"locale":["de"]}`, "/locale: want a text, found a list"},
		{"context is a text", `{"context":"{}"}`, "/context: want an object, found a text"},
		{"context too large", `{"context":{"x":"` + strings.Repeat("a", 1<<20) + `"}}`, "/context: 1048584 bytes, at most 1048576"},
		{"attachments is a text", `{"attachments":"a.pdf"}`, "/attachments: want a list, found a text"},
		{"attachment is an object", `{"attachments":[{"file":"a.pdf"}]}`, "/attachments/0: want a text, found an object"},
		{"attachment is empty", `{"attachments":["a.pdf"," "]}`, "/attachments/1: empty"},
		{"attachment is null", `{"attachments":[null]}`, "/attachments/0: want a text, found null"},
		{"too deep", `{"context":{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}}`, "exceeded max depth"},
		{"deep", `{"context":{"a":` + strings.Repeat("[", 1_000) + strings.Repeat("]", 1_000) + `}}`, "nested deeper than 1000"},
		{"doubled within", `{"context":{"a.b":{"c/d":1,"C/d":2}}}`, `/context/a.b/C~1d: the member stands twice, once as "c/d"`},
		{"many", `{"too":1,"locale":"!!","timezone":"Mars/Phobos","attachments":["a",""],"context":7}`,
			`/too: there is no member "too"; did you mean "to"?; /context: want an object, found a number; /attachments/1: empty; /locale: "!!" is not`},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, bad, err := collect(NewNDJSON(strings.NewReader("{}\n\n"+c.row+"\n{}\n"), message.Email).All())
			if err != nil || len(all) != 2 || len(bad) != 1 {
				t.Fatalf("%d recipients, bad rows %v, error %v", len(all), bad, err)
			}
			if bad[0].Line != 3 || !strings.Contains(bad[0].Error(), c.want) {
				t.Errorf("got %v, want line 3: %s", bad[0], c.want)
			}
			if len(bad[0].Error()) > 700 { // the longest pointer has 500
				t.Errorf("echoes %d bytes", len(bad[0].Error()))
			}
		})
	}
}

// Whatever the bytes, what is read is a recipient with a valid context or an error, and a row that encoding/json can
// read is read the same.
func FuzzAudience(f *testing.F) {
	f.Add([]byte("customer.email,customer.custom.nNum\na@b.com,1\n"), "")
	f.Add([]byte(`{"to":"a@b.com","locale":"de","context":{"a":[1,"\"}"]},"attachments":["x"]}`), "a.ndjson")
	f.Add([]byte("{}\n{\"to\":null}\n\n{\"to\" : \"\\u0061\" , \"context\":{} }"), "")
	f.Add([]byte(gzipped(f, "to\na@b.com\n")), "")
	f.Add([]byte(zstandard(f, `{"to":"a@b.com"}`)), "")
	f.Fuzz(func(t *testing.T, in []byte, name string) {
		audience, err := OpenAudience(bytes.NewReader(in), name, message.Email)
		if err != nil {
			return
		}
		all, _, _ := collect(audience.All())
		for _, r := range all {
			if len(r.Context) > 0 && !json.Valid(r.Context) {
				t.Errorf("context %q is not JSON", r.Context)
			}
		}
		if !bytes.HasPrefix(in, []byte("{")) {
			return
		}
		line, _, _ := bytes.Cut(in, []byte("\n"))
		got, bad, _ := collect(NewNDJSON(bytes.NewReader(line), message.Email).All())
		if len(got) != 1 || len(bad) != 0 {
			return
		}
		var want struct{ To, Locale, Timezone string }
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatalf("took %q: %v", line, err)
		}
		if want.To = strings.TrimSpace(want.To); want.To != "" && want.To != got[0].Email ||
			strings.TrimSpace(want.Locale) != got[0].Locale || strings.TrimSpace(want.Timezone) != got[0].Timezone {
			t.Errorf("read %+v of %q, want %+v", got[0], line, want)
		}
	})
}

func BenchmarkOpenAudience(b *testing.B) {
	var csv, ndjson strings.Builder
	csv.WriteString("customer.email,customer.firstName,customer.lastName,customer.custom.tierStr,locale\n")
	const rows = 20_000
	for i := range rows {
		fmt.Fprintf(&csv, "user%d@example.com,User %d,Surname,Diamond,fr-CA\n", i, i)
		fmt.Fprintf(&ndjson, `{"to":"user%d@example.com","locale":"fr-CA","context":{"customer":{"email":"user%d@example.com","firstName":"User %d","lastName":"Surname","custom":{"tierStr":"Diamond"}}}}`+"\n", i, i, i)
	}
	for _, c := range []struct{ name, in string }{
		{"csv", csv.String()}, {"ndjson", ndjson.String()},
		{"csv.gz", gzipped(b, csv.String())}, {"ndjson.gz", gzipped(b, ndjson.String())}, {"ndjson.zst", zstandard(b, ndjson.String())},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				audience, err := OpenAudience(strings.NewReader(c.in), c.name, message.Email)
				if err != nil {
					b.Fatal(err)
				}
				if all := count(b, audience.All()); all != rows {
					b.Fatalf("%d rows", all)
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "recipients/s")
		})
	}
}

func count(b *testing.B, audience iter.Seq2[Recipient, error]) (n int) {
	for _, err := range audience {
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
	return n
}
