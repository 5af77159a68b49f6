package bulk

import (
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"

	"github.com/heraldsend/herald/worker/message"
)

// utf16Text is s in UTF-16, with a byte order mark or without.
func utf16Text(s string, order binary.AppendByteOrder, mark bool) string {
	var out []byte
	if mark {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

// Whatever program wrote the file, the same people are in it.
func TestCSVOfAnyProgram(t *testing.T) {
	const plain = "customer.email,customer.firstName,locale\nada@example.com,Ad\u00e9,fr\ngrace@example.com,\"Grace, B\",\n"
	replace := func(old, new string) string { return strings.ReplaceAll(plain, old, new) }
	for name, in := range map[string]string{
		"as it is":                     plain,
		"CRLF":                         replace("\n", "\r\n"),
		"CR":                           replace("\n", "\r"),
		"no last line end":             strings.TrimSpace(plain),
		"semicolons":                   strings.NewReplacer("Grace, B", "Grace, B", ",", ";").Replace(plain),
		"semicolons, quoted header":    `"customer.email";"customer.firstName";"locale"` + "\nada@example.com;Ad\u00e9;fr\ngrace@example.com;Grace, B;\n",
		"tabs":                         "customer.email\tcustomer.firstName\tlocale\nada@example.com\tAd\u00e9\tfr\ngrace@example.com\tGrace, B\t\n",
		"bars":                         "customer.email|customer.firstName|locale\nada@example.com|Ad\u00e9|fr\ngrace@example.com|Grace, B|\n",
		"sep=;":                        "sep=;\r\n" + strings.NewReplacer("Grace, B", "Grace, B", ",", ";", "\n", "\r\n").Replace(plain),
		"sep=^":                        "sep=^\ncustomer.email^customer.firstName^locale\nada@example.com^Ad\u00e9^fr\ngrace@example.com^Grace, B^\n",
		"UTF-16 LE":                    utf16Text(plain, binary.LittleEndian, true),
		"UTF-16 BE":                    utf16Text(plain, binary.BigEndian, true),
		"UTF-16 LE, no mark":           utf16Text(plain, binary.LittleEndian, false),
		"UTF-16 BE, no mark":           utf16Text(plain, binary.BigEndian, false),
		"UTF-16, tabs, CRLF, as Excel": utf16Text(strings.NewReplacer(",", "\t", `"Grace, B"`, "Grace, B", "\n", "\r\n").Replace(plain), binary.LittleEndian, true),
		"trailing empty columns":       "customer.email,customer.firstName,locale,,\nada@example.com,Ad\u00e9,fr,,\ngrace@example.com,\"Grace, B\",, ,\n",
		"more cells, all empty":        replace("fr\n", "fr,,,\n"),
		"empty rows":                   replace("fr\n", "fr\n,,\n\n , ,\t\n") + ",,\n",
		"blanks around cells":          "customer.email , customer.firstName,\tlocale\n ada@example.com,  Ad\u00e9 , fr\u00a0\ngrace@example.com , \"Grace, B\",\n",
	} {
		if strings.HasPrefix(name, "semicolons") || name == "sep=;" {
			in = strings.ReplaceAll(in, "Grace; B", "Grace, B")
		}
		t.Run(name, func(t *testing.T) {
			audience, err := OpenAudience(strings.NewReader(in), "", message.Email)
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{"customer.email", "customer.firstName"}; !slices.Equal(audience.Columns, want) {
				t.Errorf("columns %q", audience.Columns)
			}
			all, bad, err := collect(audience.All())
			if err != nil || len(bad) > 0 || len(all) != 2 {
				t.Fatalf("%d recipients, bad rows %v, error %v", len(all), bad, err)
			}
			if r := all[0]; r.Email != "ada@example.com" || r.Locale != "fr" || string(r.Context) != `{"customer":{"email":"ada@example.com","firstName":"Adé"}}` {
				t.Errorf("%+v %s", r, r.Context)
			}
			if r := all[1]; r.Email != "grace@example.com" || r.Locale != "" || string(r.Context) != `{"customer":{"email":"grace@example.com","firstName":"Grace, B"}}` {
				t.Errorf("%+v %s", r, r.Context)
			}
		})
	}
	// A column's name is the same however its accents are written.
	audience, err := OpenAudience(strings.NewReader("customer.email,customer.custom."+norm.NFD.String("straßé")+"\n"), "", message.Email)
	if err != nil || audience.Columns[1] != "customer.custom."+norm.NFC.String("straßé") {
		t.Errorf("%q, %v", audience.Columns, err)
	}
}

// A row with quotation marks that don't match costs nobody else a place, whatever it swallowed.
func TestTornRows(t *testing.T) {
	torn := []func(a string) string{
		func(a string) string { return a + `,"open,1` },
		func(a string) string { return a + `,a"b,1` },
		func(a string) string { return a + `,"a"b,1` },
		func(a string) string { return `"` + a + `,x,1` },
		func(a string) string { return a + `,"""open,1` },
		func(a string) string { return a + `,"x" y,1` },
	}
	cells := []string{"Ada", "", `say "hi"`, "two\nlines", "a,b", `"`, "ü"}
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var file strings.Builder
		file.WriteString("customer.email,customer.name,n\n")
		var want []string
		wantBad, line := map[int]bool{}, 2
		open := false // a mark is, so that a cell's line break would end it well
		for i := range 1 + r.IntN(12) {
			address := fmt.Sprintf("p%d@example.com", i)
			if r.IntN(4) == 0 {
				file.WriteString(torn[r.IntN(len(torn))](address) + "\n")
				wantBad[line] = true
				line++
				open = true
				continue
			}
			var row strings.Builder
			name := cells[r.IntN(len(cells))]
			if open && strings.Contains(name, "\n") {
				name = "one line"
			}
			w := csv.NewWriter(&row)
			if err := w.Write([]string{address, name, "1"}); err != nil {
				t.Fatal(err)
			}
			w.Flush()
			file.WriteString(row.String())
			line += strings.Count(row.String(), "\n")
			want = append(want, address)
		}
		audience, err := OpenAudience(strings.NewReader(file.String()), "", message.Email)
		if err != nil {
			t.Fatal(err)
		}
		all, bad, err := collect(audience.All())
		var got []string
		for _, r := range all {
			got = append(got, r.Email)
		}
		gotBad := map[int]bool{}
		for _, b := range bad {
			gotBad[b.Line] = true
		}
		if err != nil || !slices.Equal(got, want) || len(bad) != len(wantBad) || fmt.Sprint(gotBad) != fmt.Sprint(wantBad) {
			t.Fatalf("seed %d: %v\n%s\ngot  %q\nwant %q\nbad %v, want lines %v", seed, err, file.String(), got, want, bad, wantBad)
		}
	}
}

// Where a mark that was left open ends well, the rows between are one cell, and that is told.
func TestSwallowedRows(t *testing.T) {
	audience, err := OpenAudience(strings.NewReader("to,name,n\na@example.com,\"open,1\nb@example.com,x,1\nc@example.com,x,\"\nd@example.com,x,1\n"), "", message.Email)
	if err != nil {
		t.Fatal(err)
	}
	all, bad, err := collect(audience.All())
	if err != nil || len(all) != 1 || len(bad) != 1 || bad[0].Error() != "line 2: 2 cells, but the header has 3; it goes on to line 4: is a quotation mark left open?" {
		t.Errorf("%d recipients, bad %v, error %v", len(all), bad, err)
	}
}

// An open quotation mark on every second line costs what the file costs.
func TestTornRowsAreLinear(t *testing.T) {
	const n = 100_000 / raceFactor
	audience, err := OpenAudience(strings.NewReader("to\n"+strings.Repeat("\"a\n\"b\n", n)), "", message.Email)
	if err != nil {
		t.Fatal(err)
	}
	all, bad, err := collect(audience.All())
	if err != nil || len(all) != 0 || len(bad) != 2*n {
		t.Errorf("%d recipients, %d bad rows, error %v", len(all), len(bad), err)
	}
}
