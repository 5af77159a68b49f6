package syntax

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func readSpec[T any](t *testing.T, file string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "spec", "handlebars", file))
	if err != nil {
		t.Fatal(err)
	}
	var cases []T
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// TestSpecParser prints trees as Handlebars.js does.
func TestSpecParser(t *testing.T) {
	type parserCase struct {
		It, Number, Template, Expected string
		Exception                      any
	}
	passed := 0
	cases := readSpec[parserCase](t, "parser.json")
	for _, c := range cases {
		tree := Parse(c.Template, Limits{Source: 1 << 20, Nesting: 100})
		if len(tree.Faults) > 0 {
			t.Errorf("%s: %v", c.It, tree.Faults)
			continue
		}
		if got := printTree(tree.Program); got != c.Expected {
			t.Errorf("%s: %s\n got %q\nwant %q", c.It, c.Template, got, c.Expected)
			continue
		}
		passed++
	}
	t.Logf("parser: passed %d of %d", passed, len(cases))
}

// TestSpecTokenizer compares tokens with those of Handlebars.js.
func TestSpecTokenizer(t *testing.T) {
	type specToken struct{ Name, Text string }
	type tokenCase struct {
		It, Number, Template string
		Expected             []specToken
	}
	passed := 0
	cases := readSpec[tokenCase](t, "tokenizer.json")
	for _, c := range cases {
		l := lexer{src: c.Template}
		var got []specToken
		for tok := l.next(); tok.kind != tokEOF; tok = l.next() {
			got = append(got, specToken{tokenNames[tok.kind], tok.text})
			if tok.kind == tokInvalid {
				break
			}
		}
		if !slices.Equal(got, c.Expected) {
			t.Errorf("%s: %s\n got %q\nwant %q", c.It, c.Template, got, c.Expected)
			continue
		}
		passed++
	}
	t.Logf("tokenizer: passed %d of %d", passed, len(cases))
}

var tokenNames = map[tokenKind]string{
	tokEOF: "EOF", tokInvalid: "INVALID", tokContent: "CONTENT", tokComment: "COMMENT", tokOpen: "OPEN",
	tokOpenUnescaped: "OPEN_UNESCAPED", tokOpenBlock: "OPEN_BLOCK", tokOpenInverse: "OPEN_INVERSE",
	tokOpenInverseChain: "OPEN_INVERSE_CHAIN", tokInverse: "INVERSE", tokOpenEndBlock: "OPEN_ENDBLOCK",
	tokOpenPartial: "OPEN_PARTIAL", tokOpenPartialBlock: "OPEN_PARTIAL_BLOCK", tokOpenRawBlock: "OPEN_RAW_BLOCK",
	tokCloseRawBlock: "CLOSE_RAW_BLOCK", tokEndRawBlock: "END_RAW_BLOCK", tokClose: "CLOSE",
	tokCloseUnescaped: "CLOSE_UNESCAPED", tokOpenSexpr: "OPEN_SEXPR", tokCloseSexpr: "CLOSE_SEXPR",
	tokEquals: "EQUALS", tokID: "ID", tokSep: "SEP", tokString: "STRING", tokNumber: "NUMBER",
	tokBoolean: "BOOLEAN", tokUndefined: "UNDEFINED", tokNull: "NULL", tokData: "DATA",
	tokOpenBlockParams: "OPEN_BLOCK_PARAMS", tokCloseBlockParams: "CLOSE_BLOCK_PARAMS",
}
