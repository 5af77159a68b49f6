// Package fault describes what is wrong with data that a caller gave: where, by which rule, and in which words. Every
// Validate returns a List. The API shows it as it is, the command line turns pointers into flags, a CSV into columns.
// Only people read the words of a fault.
package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fault is one thing wrong with a value. It is an error, and two equal faults compare as equal.
type Fault struct {
	Pointer string // JSON pointer (RFC 6901) from the whole to the value; a missing member has the pointer it would have
	Code    string // stable, for programs
	Detail  string // for people: what is wrong and what to do; at most 100 characters of a value in it
}

// The codes.
const (
	Missing      = "missing"        // a value is needed
	WrongType    = "wrong_type"     // a text where a number is wanted, …
	Unknown      = "unknown_member" // an object has no such member
	Duplicate    = "duplicate"      // something stands twice
	NotAllowed   = "not_allowed"    // the value contradicts another one
	NotOneOf     = "not_one_of"     // not one of the values that can be chosen from
	TooLong      = "too_long"       // text with too many characters or bytes
	TooShort     = "too_short"      // text or list with too little in it
	TooMany      = "too_many"       // list or object with too much in it
	OutOfRange   = "out_of_range"   // number or time beyond its limits
	Malformed    = "malformed"      // not of the form that is wanted
	BadCharacter = "bad_character"  // control characters, broken UTF-8
	BadAddress   = "invalid_address"
	BadTimezone  = "invalid_timezone"
	BadLocale    = "invalid_locale"
	BadHeader    = "invalid_header"
	BadJSON      = "invalid_json" // not JSON at all
	TooDeep      = "too_deep"     // arrays and objects nested too deeply
)

// At makes a fault of the value at pointer.
func At(pointer, code, format string, args ...any) Fault {
	return Fault{pointer, code, fmt.Sprintf(format, args...)}
}

// Error is the pointer and the detail.
func (f Fault) Error() string {
	if f.Pointer == "" {
		return f.Detail
	}
	return f.Pointer + ": " + f.Detail
}

// Is compares with another fault. A fault stays the same if its pointer gets a prefix.
func (f Fault) Is(target error) bool {
	t, ok := target.(Fault)
	return ok && f.Code == t.Code && f.Detail == t.Detail && strings.HasSuffix(f.Pointer, t.Pointer)
}

// Most is how many faults a List holds. The others show when these are corrected.
const Most = 100

// shown is how many faults the text of a List has.
const shown = 10

// List is everything wrong with a value, as an error.
type List []Fault

// Error has the first ten faults.
func (l List) Error() string {
	texts := make([]string, 0, shown+1)
	for i, f := range l {
		if i == shown {
			texts = append(texts, fmt.Sprintf("and %d more", len(l)-i))
			break
		}
		texts = append(texts, f.Error())
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the faults for errors.Is and errors.As.
func (l List) Unwrap() []error {
	out := make([]error, len(l))
	for i, f := range l {
		out[i] = f
	}
	return out
}

// Err is the list as an error; nil if it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Add adds a fault of the value at pointer.
func (l *List) Add(pointer, code, format string, args ...any) {
	l.put(Fault{pointer, code, fmt.Sprintf(format, args...)})
}

func (l *List) put(f Fault) {
	if len(*l) < Most {
		*l = append(*l, f)
	}
}

// Join adds the faults of err, whose value is at prefix. An error without a fault becomes a malformed one of that
// value, with its own words. nil adds nothing.
func (l *List) Join(prefix string, err error) {
	for _, f := range Of(err) {
		f.Pointer = prefix + f.Pointer
		l.put(f)
	}
}

// Of returns the faults in err, however they are joined and wrapped. An error without a fault becomes one fault of
// the whole value. nil has none.
func Of(err error) List {
	if err == nil {
		return nil
	}
	if l := In(err); len(l) > 0 {
		return l
	}
	return List{{Code: Malformed, Detail: Clip(err.Error())}}
}

// In returns the faults in err, however they are joined and wrapped; nil if there are none.
func In(err error) List {
	switch e := err.(type) { //nolint:errorlint // the tree of errors is walked here
	case Fault:
		return List{e}
	case List:
		return e
	case interface{ Unwrap() error }:
		return In(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all List
		for _, one := range e.Unwrap() {
			all = append(all, In(one)...)
		}
		return all[:min(len(all), Most)]
	}
	return nil
}

// Join collects the faults of several checks of one value; nil if there are none.
func Join(errs ...error) error {
	var l List
	for _, err := range errs {
		l.Join("", err)
	}
	return l.Err()
}

// Under puts the prefix before the pointers of err. An error without a fault stays as it is.
func Under(prefix string, err error) error {
	if len(In(err)) == 0 {
		return err
	}
	var l List
	l.Join(prefix, err)
	return l
}

// Merge is l with those faults of more that concern places of which l has no fault, neither of them nor of what
// contains them.
func (l List) Merge(more List) List {
	out := slices.Clone(l)
	for _, f := range more {
		if !slices.ContainsFunc(l, func(known Fault) bool { return within(f.Pointer, known.Pointer) }) {
			out.put(f)
		}
	}
	return out
}

// Has reports a fault of the value at pointer, or of what is in it.
func (l List) Has(pointer string) bool {
	return slices.ContainsFunc(l, func(f Fault) bool { return within(f.Pointer, pointer) })
}

// within reports that pointer leads to, or into, the value at whole.
func within(pointer, whole string) bool {
	rest, ok := strings.CutPrefix(pointer, whole)
	return ok && (rest == "" || rest[0] == '/')
}

// Pointer makes a JSON pointer of steps: names of members, and places in lists as ints.
func Pointer(steps ...any) string {
	var b strings.Builder
	for _, step := range steps {
		b.WriteByte('/')
		switch s := step.(type) {
		case int:
			b.WriteString(strconv.Itoa(s))
		case string:
			b.WriteString(Escape(s))
		default:
			b.WriteString(Escape(fmt.Sprint(s)))
		}
	}
	return b.String()
}

var escapes = strings.NewReplacer("~", "~0", "/", "~1")

// Escape is the name of a member in the form of a JSON pointer.
func Escape(name string) string { return escapes.Replace(name) }

// Steps are the names and places of a JSON pointer.
func Steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	steps := strings.Split(pointer[1:], "/")
	for i, s := range steps {
		steps[i] = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
	}
	return steps
}

// clipped is how many characters of a value a fault echoes.
const clipped = 100

// Clip is a foreign value as a fault may echo it: at most 100 characters of it, in UTF-8.
func Clip(s string) string {
	end := 0
	for range clipped {
		if end == len(s) {
			return strings.ToValidUTF8(s, "\ufffd")
		}
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	if end == len(s) {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.ToValidUTF8(s[:end], "\ufffd") + "…"
}

// Quote is Clip in quotes, with what can't be printed escaped.
func Quote(s string) string { return strconv.Quote(Clip(s)) }
