package fault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFaultsKeepTheirPlaceHoweverTheyAreWrapped(t *testing.T) {
	part := List{At("/from", Missing, "an email needs a sender"), At("", Malformed, "torn")}
	var whole List
	whole.Join(Pointer("messages", 1), fmt.Errorf("part: %w", part))
	whole.Join("/context", io.ErrUnexpectedEOF)
	whole.Join("/nothing", nil)
	whole.Join("", errors.Join(At("/id", Malformed, "bad"), nil, fmt.Errorf("deep: %w", At("/rate", OutOfRange, "negative"))))
	want := List{
		{"/messages/1/from", Missing, "an email needs a sender"}, {"/messages/1", Malformed, "torn"},
		{"/context", Malformed, "unexpected EOF"}, {"/id", Malformed, "bad"}, {"/rate", OutOfRange, "negative"},
	}
	if !reflect.DeepEqual(whole, want) {
		t.Errorf("%v\nwant %v", whole, want)
	}
	if !errors.Is(whole.Err(), At("/id", Malformed, "bad")) || errors.Is(whole, io.EOF) {
		t.Error("errors.Is doesn't find the faults")
	}
	if got := In(fmt.Errorf("definition: %w", whole)); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if out := Under("/definition", whole); !errors.Is(out, At("/rate", OutOfRange, "negative")) || errors.Is(out, At("/a/rate", OutOfRange, "negative")) || Under("/x", io.EOF) != io.EOF {
		t.Error(out)
	}
	if In(io.EOF) != nil || Of(nil) != nil || List(nil).Err() != nil || Join(nil, nil) != nil {
		t.Error("faults out of nothing")
	}
}

func TestTheTextTellsTheFirstTen(t *testing.T) {
	var l List
	for i := range 2 * Most {
		l.Add(Pointer("cc", i), BadAddress, "no @")
	}
	if len(l) != Most {
		t.Errorf("%d faults", len(l))
	}
	text := l.Error()
	if !strings.HasPrefix(text, "/cc/0: no @; /cc/1: no @; ") || !strings.HasSuffix(text, "/cc/9: no @; and 90 more") {
		t.Error(text)
	}
}

func TestMergeTellsAPlaceOnce(t *testing.T) {
	a := List{At("/cc", TooMany, "51"), At("/from/a", Missing, "x")}
	got := a.Merge(List{At("/cc/1", BadAddress, "x"), At("/cc", Malformed, "x"), At("/cca", Malformed, "y"), At("/from", Malformed, "z")})
	want := List{a[0], a[1], At("/cca", Malformed, "y"), At("/from", Malformed, "z")}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	for pointer, want := range map[string]bool{"/cc": true, "/from": true, "/fro": false, "/from/a/b": false, "": true} {
		if a.Has(pointer) != want {
			t.Errorf("Has(%q) is %v", pointer, !want)
		}
	}
}

// Names with dots, slashes and tildes survive.
func TestPointers(t *testing.T) {
	for _, steps := range [][]any{{}, {""}, {"a.b", 0, "c/d", "~", "~1", "e~1f[0]"}, {"/", "//"}} {
		pointer := Pointer(steps...)
		back := Steps(pointer)
		if len(back) != len(steps) {
			t.Errorf("%q: %q", pointer, back)
			continue
		}
		for i, s := range steps {
			if fmt.Sprint(s) != back[i] {
				t.Errorf("%q: step %d is %q, want %v", pointer, i, back[i], s)
			}
		}
	}
}

func TestAtMost100CharactersAreEchoed(t *testing.T) {
	exact := strings.Repeat("é", 100)
	if Clip(exact) != exact {
		t.Error("100 characters were cut")
	}
	for _, long := range []string{exact + "x", strings.Repeat("\xff", 1<<20), strings.Repeat("€", 200)} {
		got := Clip(long)
		if n := utf8.RuneCountInString(got); n > 101 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("%d characters", n)
		}
	}
	if got := Quote("a\r\nb"); got != `"a\r\nb"` {
		t.Error(got)
	}
}

// The page of the API lists every code.
func TestCodesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("fault.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\t[A-Z]\w+ += "(\w+)"`).FindAllSubmatch(source, -1)
	for _, code := range found {
		if !bytes.Contains(page, []byte("`"+string(code[1])+"`")) {
			t.Errorf("docs/api.md doesn't tell of %s", code[1])
		}
	}
	if len(found) < 15 {
		t.Errorf("only %d codes", len(found))
	}
}
