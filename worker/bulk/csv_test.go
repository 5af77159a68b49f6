package bulk

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

// readAll returns what a CSV yields: recipients, row faults, and the error that ended it.
func readAll(c *CSV) (all []Recipient, bad []*RowError, err error) {
	for r, err := range c.All() {
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

func TestCSVContext(t *testing.T) {
	cases := []struct {
		name, in, want string
		channel        message.Channel
	}{
		{"nested", "customer.email,customer.firstName\na@b.com,Ada\n", `{"customer":{"email":"a@b.com","firstName":"Ada"}}`, message.Email},
		{"types", "customer.email,customer.custom.visitsNum,customer.custom.vipBool,customer.custom.tierStr\na@b.com,9007199254740993,yes,1\n",
			`{"customer":{"email":"a@b.com","custom":{"visitsNum":9007199254740993,"vipBool":true,"tierStr":"1"}}}`, message.Email},
		{"a suffix counts below custom only", "customer.email,customer.faxNum\na@b.com,012\n", `{"customer":{"email":"a@b.com","faxNum":"012"}}`, message.Email},
		{"empty cells are missing", "customer.email,customer.firstName,customer.custom.xNum\na@b.com,,\n", `{"customer":{"email":"a@b.com","custom":{}}}`, message.Email},
		{"quotes and breaks", "customer.email,customer.name\na@b.com,\"\"\"A\"\"\\\n\tB\"\n", `{"customer":{"email":"a@b.com","name":"\"A\"\\\n\tB"}}`, message.Email},
		{"byte order mark", "\ufeffcustomer.email\na@b.com\n", `{"customer":{"email":"a@b.com"}}`, message.Email},
		{"CRLF and blanks in the header", "customer.email , locale\r\na@b.com,fr\r\n", `{"customer":{"email":"a@b.com"}}`, message.Email},
		{"text that looks like a template", "customer.email,customer.name\na@b.com,{{secret}} [[sn.x]]\n", `{"customer":{"email":"a@b.com","name":"{{secret}} [[sn.x]]"}}`, message.Email},
		{"own address column", "to,customer.name\n+4930123,Ada\n", `{"customer":{"name":"Ada"}}`, message.SMS},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rows, err := NewCSV(strings.NewReader(c.in), c.channel)
			if err != nil {
				t.Fatal(err)
			}
			all, bad, err := readAll(rows)
			if err != nil || len(bad) != 0 || len(all) != 1 {
				t.Fatalf("%d recipients, bad rows %v, error %v", len(all), bad, err)
			}
			if !sameJSON(t, string(all[0].Context), c.want) {
				t.Errorf("context\n%s, want\n%s", all[0].Context, c.want)
			}
			if all[0].Address(c.channel) == "" {
				t.Error("no address")
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var got, want strings.Builder
	for text, out := range map[string]*strings.Builder{a: &got, b: &want} {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if err := json.NewEncoder(out).Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return got.String() == want.String() || a == b
}

func TestCSVRecipientColumns(t *testing.T) {
	rows, err := NewCSV(strings.NewReader("customer.email,locale,timezone,attachments\n a@b.com ,fr-CA,Europe/Paris, a.pdf; b.png ;\n"), message.Email)
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := readAll(rows)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	r := all[0]
	if r.Email != "a@b.com" || r.Locale != "fr-CA" || r.Timezone != "Europe/Paris" {
		t.Errorf("recipient %+v", r)
	}
	if len(r.Attachments) != 2 || r.Attachments[0].File != "a.pdf" || r.Attachments[1].File != "b.png" {
		t.Errorf("attachments %+v", r.Attachments)
	}
}

func TestCSVBadHeaders(t *testing.T) {
	cases := []struct {
		name, in, want string
		channel        message.Channel
	}{
		{"empty", "", "the audience is empty", message.Email},
		{"no address", "customer.firstName\n", `no column "customer.email", which email needs`, message.Email},
		{"other channel", "customer.email\n", `no column "customer.phone", which sms needs`, message.SMS},
		{"twice", "customer.email,customer.email\n", `"customer.email" stands twice`, message.Email},
		{"field and object", "customer.email,customer.email.x\n", `"customer.email" is a field and holds fields`, message.Email},
		{"object and field", "customer.email,customer\n", `"customer" is a field and holds fields`, message.Email},
		{"blank name", "customer.email,,customer.name\n", "column 2: no name", message.Email},
		{"too many columns", "customer.email" + strings.Repeat(",a", 80_000) + "\n", "80001 columns, at most 1000", message.Email},
		{"long name", "customer.email," + strings.Repeat("a", 1001) + "\n", "column 2: a name of 1001 bytes, at most 1000", message.Email},
		{"of another case", "Customer.Email,customer.name\n", `is "Customer.Email" meant for it?`, message.Email},
		{"empty part", "customer.email,customer..x\n", `"customer..x" is not a field path`, message.Email},
		{"not UTF-8", "customer.email,\xff\n", "save the file in UTF-8", message.Email},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewCSV(strings.NewReader(c.in), c.channel)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A bad row is reported with its line; the rows around it are read.
func TestCSVBadRows(t *testing.T) {
	const in = "customer.email,customer.custom.nNum,customer.custom.okBool\n" +
		"a@b.com,1,true\n" +
		"b@b.com,2\n" + // line 3: a cell is missing
		"c@b.com,\"multi\nline\",true\n" + // lines 4 and 5: not a number
		"d@b.com,3,maybe\n" + // line 6
		"e@b.com,\xff,true\n" + // line 7
		"f@b.com,4,false\n"
	rows, err := NewCSV(strings.NewReader(in), message.Email)
	if err != nil {
		t.Fatal(err)
	}
	all, bad, err := readAll(rows)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Email != "a@b.com" || all[1].Email != "f@b.com" {
		t.Errorf("recipients %+v", all)
	}
	want := []struct {
		line int
		text string
	}{{3, "2 cells, but the header has 3"}, {4, "is not a number"}, {6, "is not true or false"}, {7, "not UTF-8"}}
	if len(bad) != len(want) {
		t.Fatalf("bad rows %v", bad)
	}
	for i, w := range want {
		if bad[i].Line != w.line || !strings.Contains(bad[i].Error(), w.text) {
			t.Errorf("bad row %d: %v, want line %d: %s", i, bad[i], w.line, w.text)
		}
	}
}

// Whatever the bytes, what is read is a valid recipient or an error.
func FuzzCSV(f *testing.F) {
	f.Add("customer.email,customer.custom.nNum\na@b.com,1e400\n")
	f.Add("to,locale\n\"a\"\"\",\x00\n")
	f.Add("to,a.b,a.c.Num\n1,2,3\n")
	f.Fuzz(func(t *testing.T, in string) {
		rows, err := NewCSV(strings.NewReader(in), message.Email)
		if err != nil {
			return
		}
		all, _, _ := readAll(rows)
		for _, r := range all {
			if !json.Valid(r.Context) {
				t.Errorf("context %q is not JSON", r.Context)
			}
		}
	})
}

// Every fault of a row is told with its column.
func TestFaultsOfARowHaveColumns(t *testing.T) {
	in := "customer.email,customer.custom.a/bNum,customer.custom.vipBool,timezone,locale\n" +
		"a@example.com,many,perhaps,Mars/Phobos,!!\na@example.com,1,yes,europe/berlin,fr_CA\n\xff@example.com,,,,\na@example.com,1\n"
	c, err := NewCSV(strings.NewReader(in), message.Email)
	if err != nil {
		t.Fatal(err)
	}
	good, bad, err := collect(c.All())
	if err != nil || len(good) != 1 || len(bad) != 3 {
		t.Fatalf("%v, bad rows %v, %v", good, bad, err)
	}
	got := map[string]string{}
	for _, row := range bad {
		for _, f := range fault.Of(row) {
			got[fmt.Sprintf("%d %s", row.Line, row.Column(f))] = f.Code
		}
	}
	want := map[string]string{
		"2 customer.custom.a/bNum": fault.WrongType, "2 customer.custom.vipBool": fault.WrongType, "2 timezone": fault.BadTimezone, "2 locale": fault.BadLocale,
		"4 customer.email": fault.BadCharacter, "5 ": fault.Malformed,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	if text := bad[0].Error(); !strings.HasPrefix(text, `line 2: column "customer.custom.a/bNum": "many" is not a number; column "customer.custom.vipBool": "perhaps" is not true or false; `) {
		t.Error(text)
	}
	if text := bad[2].Error(); text != "line 5: 2 cells, but the header has 5" {
		t.Error(text)
	}
}

// Cells become JSON strings, whatever is in them and wherever it stands.
func TestCellsAsJSON(t *testing.T) {
	for b := range 256 {
		for _, n := range []int{0, 1, 7, 8, 9, 15, 16, 17, 40} {
			for at := range n + 1 {
				cell := strings.Repeat("x", at) + string([]byte{byte(b)}) + strings.Repeat("é~", (n-at)/2)
				if !utf8.ValidString(cell) {
					continue // such cells are refused before
				}
				var back string
				if err := json.Unmarshal(appendString(nil, cell), &back); err != nil || back != cell {
					t.Fatalf("%q: %s, %v", cell, appendString(nil, cell), err)
				}
			}
		}
	}
}
