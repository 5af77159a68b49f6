package address

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Finder finds one address, in any spelling, within texts and JSON.
type Finder struct {
	kind   Kind
	key    string // Kind.Key of the address
	local  int    // runes of a mailbox's local part
	domain string
	digits string // of a phone number, without its country's code as far as that can vary
	parser Parser
}

// NewFinder returns a finder of a mailbox or a phone number. Numbers without a country's code are read by p.
func NewFinder(p Parser, kind Kind, text string) (*Finder, error) {
	a, err := p.Parse(kind, text)
	if err != nil {
		return nil, err
	}
	f := &Finder{kind: kind, key: kind.Key(a.Addr), parser: p}
	if kind == Mailbox {
		local, domain, _ := strings.Cut(f.key, "@")
		f.local, f.domain = utf8.RuneCountInString(local), domain
	}
	if kind == Phone {
		f.digits = onlyDigits(f.key)
		f.digits = f.digits[max(0, len(f.digits)-tail):]
	}
	return f, nil
}

// tail is how many digits at the end of a phone number all its spellings share.
const tail = 6

// Kind is the kind of the address.
func (f *Finder) Kind() Kind { return f.kind }

// Key is the key of the address.
func (f *Finder) Key() string { return f.key }

// Is reports whether a whole text is the address. country is for phone numbers without a country's code.
func (f *Finder) Is(text, country string) bool {
	p := f.parser
	if country != "" {
		p.Country = country
	}
	a, err := p.Parse(f.kind, text)
	return err == nil && f.kind.Key(a.Addr) == f.key
}

// In reports whether a text holds the address: as it is, in a link, or with the @ written as %40 or as an entity.
func (f *Finder) In(text string) bool {
	if f.kind == Phone {
		return f.phoneIn(text)
	}
	if strings.ContainsAny(text, "%&") {
		text = atSigns.Replace(text)
	}
	for at := strings.IndexByte(text, '@'); at >= 0; {
		if f.mailboxAt(text, at) {
			return true
		}
		next := strings.IndexByte(text[at+1:], '@')
		if next < 0 {
			return false
		}
		at += 1 + next
	}
	return false
}

var atSigns = strings.NewReplacer("%40", "@", "&#64;", "@", "&#x40;", "@", "&commat;", "@")

// mailboxAt reports whether the address stands around an @.
func (f *Finder) mailboxAt(text string, at int) bool {
	after := text[at+1:]
	end := strings.IndexFunc(after, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '-' && r != '.' && r != '。'
	})
	if end < 0 {
		end = len(after)
	}
	if end > 4*maxDomain {
		return false
	}
	domain := strings.TrimRight(after[:end], ".-。")
	before := text[max(0, at-8*maxLocal):at]
	if !isASCII(before) {
		before = norm.NFC.String(strings.ToValidUTF8(before, " "))
	}
	start := len(before)
	for range f.local {
		_, size := utf8.DecodeLastRuneInString(before[:start])
		start -= size
	}
	if last, _ := utf8.DecodeLastRuneInString(before[:start]); start > 0 && (unicode.IsLetter(last) || unicode.IsDigit(last) || strings.ContainsRune("._+-", last)) {
		return false
	}
	a, err := ParseMailbox(before[start:] + "@" + domain)
	return err == nil && a.Domain() == f.domain && Mailbox.Key(a.Addr) == f.key
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// phoneIn looks at every run of digits and what stands between the digits of numbers.
func (f *Finder) phoneIn(text string) bool {
	for rest := text; rest != ""; {
		start := strings.IndexFunc(rest, func(r rune) bool { return r == '+' || r == '(' || unicode.IsDigit(r) })
		if start < 0 {
			return false
		}
		rest = rest[start:]
		end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsDigit(r) && !strings.ContainsRune("+()-–./\u00a0 ", r) })
		if end < 0 {
			end = len(rest)
		}
		if f.numberIn(rest[:end]) {
			return true
		}
		rest = rest[end:]
	}
	return false
}

// numberIn reports whether a run, or a part of it between blanks, is the number.
func (f *Finder) numberIn(run string) bool {
	digits := onlyDigits(run)
	if !strings.Contains(digits, f.digits) {
		return false
	}
	if f.Is(run, "") || f.Is("+"+digits, "") {
		return true
	}
	words := strings.Fields(run)
	for i := range words {
		for j := i + 1; j <= min(len(words), i+tail*3); j++ {
			part := strings.Join(words[i:j], " ")
			if got := onlyDigits(part); len(got) > 15 {
				break
			} else if strings.HasSuffix(got, f.digits) && (f.Is(part, "") || f.Is("+"+got, "")) {
				return true
			}
		}
	}
	return false
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// InJSON is In for every text of a JSON value, its escapes read, and for the names of members. What is no JSON is looked
// at as text.
func (f *Finder) InJSON(data []byte) bool {
	if !bytes.ContainsRune(data, '\\') || !json.Valid(data) {
		return f.In(string(data))
	}
	tokens := json.NewDecoder(bytes.NewReader(data))
	tokens.UseNumber()
	for {
		t, err := tokens.Token()
		if err != nil {
			return false // its end
		}
		switch t := t.(type) {
		case string:
			if f.In(t) {
				return true
			}
		case json.Number:
			if f.In(t.String()) {
				return true
			}
		}
	}
}
