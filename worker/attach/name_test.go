package attach

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/message"
)

// cleaned is what each entry of the corpus must become; entries that must be blocked say so by their extension.
var cleaned = map[string]string{
	"../../etc/passwd":                 "passwd",
	"..\\..\\evil.exe":                 "evil.exe",
	"a\r\nBcc: evil@x.com\r\n\r\n.pdf": "aBcc_ evil@x.com.pdf",
	"a\"; filename=\"evil.exe":         "a__ filename=_evil.exe",
	"invoice\u202efdp.exe":             "invoicefdp.exe",
	"a\u0000.pdf.exe":                  "a.pdf.exe",
	"invoice.pdf.exe":                  "invoice.pdf.exe",
	"report.PDF ":                      "report.PDF",
	"CON.txt":                          "_CON.txt",
	"..":                               "attachment-3",
	"":                                 "attachment-3",
	".htaccess":                        "htaccess",
	strings.Repeat("A", 300) + ".pdf":  strings.Repeat("A", 251) + ".pdf",
}

func TestCleanNameCorpus(t *testing.T) {
	raw, err := os.ReadFile("testdata/filenames.json")
	if err != nil {
		t.Fatal(err)
	}
	var corpus map[string]string
	if err := json.Unmarshal(raw, &corpus); err != nil {
		t.Fatal(err)
	}
	for in, rule := range corpus {
		got := CleanName(in, 3)
		want, known := cleaned[in]
		switch {
		case strings.HasPrefix(in, "Ü"):
			want, known = in, true
		case len(in) > 300:
			want, known = strings.Repeat("A", 251)+".pdf", true
		}
		if !known || got != want {
			t.Errorf("CleanName(%q) = %q, want %q", in, got, want)
		}
		if blocked := strings.Contains(rule, "blocked"); blocked {
			if err := Bulk(message.Email).Check([]File{{Name: got, Size: 4, Head: []byte("%PDF")}}); err == nil {
				t.Errorf("%q passes the policy, but must be blocked", got)
			}
		}
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("000\u037e")
	for in := range cleaned {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := CleanName(in, 1)
		if got == "" || len(got) > maxName || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\"<>:|?*;\x00\r\n") || got == "." || got == ".." {
			t.Fatalf("CleanName(%q) = %q", in, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("CleanName(%q) = %q keeps %U", in, got, r)
			}
		}
		if again := CleanName(got, 1); again != got {
			t.Fatalf("not stable: %q becomes %q", got, again)
		}
	})
}
