package strictjson

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/fault"
)

// Kind is what a JSON value may be.
type Kind int

// The kinds.
const (
	Any Kind = iota
	Object
	List
	String
	Time // a text in the form of RFC 3339
	Number
	Integer
	Boolean
)

var wanted = map[Kind]string{
	Object: "an object", List: "a list", String: "a text", Time: "a time such as 2026-12-01T09:00:00+01:00", Number: "a number",
	Integer: "a whole number", Boolean: "true or false",
}

// Shape says what a JSON value must look like. Limits that are zero don't hold.
type Shape struct {
	Kind Kind
	Null bool // null is taken, too

	Members  map[string]*Shape // of an object
	Required []string
	Open     bool   // an object may have other members
	Others   *Shape // of those; nil for any
	Advice   string // for who gives a member that there is none of; may be empty

	Items              *Shape // of a list; nil for any
	MinItems, MaxItems int

	MinLength, MaxLength int // characters of a text
	Enum                 []string
	Pattern              *regexp.Regexp
	PatternHelp          string // which text Pattern wants, in words

	Min, Max     *float64
	Above, Below *float64 // exclusive

	Check func(value []byte) error // what else must hold; its faults are those of the value
}

// Conform tells every difference between data, which passed Check, and the shape that it must have. It decodes nothing, and shows no
// value, which may be anybody's data. It stops at lists that are too long, so that its cost is that of one walk over the bytes for each level of the shape.
func Conform(data []byte, s *Shape) fault.List {
	c := conforms.Get().(*conform)
	defer conforms.Put(c)
	c.path, c.faults = c.path[:0], nil
	c.value(skipBlanks(data), s)
	return c.faults
}

// conforms are kept for their paths.
var conforms = sync.Pool{New: func() any { return new(conform) }}

type conform struct {
	path   path
	faults fault.List
}

func (c *conform) add(code, format string, args ...any) {
	c.faults.Add(c.path.pointer(), code, format, args...)
}

func (c *conform) value(v []byte, s *Shape) {
	if s == nil || len(c.faults) == fault.Most {
		return
	}
	if s.Check != nil {
		c.faults.Join(c.path.pointer(), s.Check(v[:valueEnd(v)]))
	}
	if s.Kind == Any {
		return
	}
	if v[0] == 'n' {
		if !s.Null {
			c.add(fault.WrongType, "want %s, found null", wanted[s.Kind])
		}
		return
	}
	if !fits(v, s.Kind) {
		c.add(fault.WrongType, "want %s, found %s", wanted[s.Kind], Is(v))
		return
	}
	switch s.Kind {
	case Object:
		c.object(v, s)
	case List:
		c.list(v, s)
	case String:
		c.text(unquoted(v[:valueEnd(v)]), s)
	case Time:
		text := Text(v[:valueEnd(v)])
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			c.add(fault.Malformed, "want %s", wanted[Time])
		}
	case Number, Integer:
		c.number(string(v[:valueEnd(v)]), s)
	}
}

// fits reports that a value can be of a kind, as far as its first byte says.
func fits(v []byte, k Kind) bool {
	switch v[0] {
	case '{':
		return k == Object
	case '[':
		return k == List
	case '"':
		return k == String || k == Time
	case 't', 'f':
		return k == Boolean
	}
	return k == Number || k == Integer
}

func (c *conform) object(v []byte, s *Shape) {
	if s.Open && s.Others == nil && len(s.Members) == 0 && len(s.Required) == 0 {
		return
	}
	seen := make(map[string]bool, len(s.Required))
	for name, value := range members(v) {
		c.path.push(name)
		member, known := s.Members[string(name)]
		switch {
		case known:
			if len(s.Required) > 0 {
				seen[string(name)] = true
			}
			c.value(value, member)
		case s.Open && s.Others != nil:
			c.value(value, s.Others)
		case !s.Open:
			c.unknown(string(name), s)
		default:
			c.value(value, s.Others)
		}
		c.path.pop()
		if len(c.faults) == fault.Most {
			return
		}
	}
	for _, name := range s.Required {
		if !seen[name] {
			c.path.push([]byte(name))
			c.add(fault.Missing, "missing")
			c.path.pop()
		}
	}
}

func (c *conform) unknown(name string, s *Shape) {
	known := slices.Sorted(maps.Keys(s.Members))
	advice := s.Advice
	if meant := Nearest(name, known); meant != "" {
		advice = fmt.Sprintf("did you mean %q?", meant)
	} else if advice == "" {
		advice = "there are " + strings.Join(known, ", ")
	}
	c.add(fault.Unknown, "there is no member %s; %s", fault.Quote(name), advice)
}

func (c *conform) list(v []byte, s *Shape) {
	n := 0
	for i, value := range Elements(v) {
		if n++; s.MaxItems > 0 && n > s.MaxItems {
			c.add(fault.TooMany, "more than %d", s.MaxItems)
			return
		}
		c.path.pushIndex(i)
		c.value(value, s.Items)
		c.path.pop()
		if len(c.faults) == fault.Most {
			return
		}
	}
	if n < s.MinItems {
		c.add(fault.TooShort, "%d, at least %d", n, s.MinItems)
	}
}

func (c *conform) text(text []byte, s *Shape) {
	n := utf8.RuneCount(text)
	switch {
	case s.MaxLength > 0 && n > s.MaxLength:
		c.add(fault.TooLong, "%d characters, at most %d", n, s.MaxLength)
	case n < s.MinLength && n == 0:
		c.add(fault.Missing, "empty")
	case n < s.MinLength:
		c.add(fault.TooShort, "%d characters, at least %d", n, s.MinLength)
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, string(text)):
		c.add(fault.NotOneOf, "want %s", OneOf(s.Enum))
	case s.Pattern != nil && !s.Pattern.Match(text):
		c.add(fault.Malformed, "want a text %s", s.PatternHelp)
	}
}

func (c *conform) number(text string, s *Shape) {
	f, err := strconv.ParseFloat(text, 64)
	if s.Kind == Integer && err == nil {
		_, err = strconv.ParseInt(text, 10, 64)
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		c.add(fault.OutOfRange, "too large a number")
	case err != nil:
		c.add(fault.WrongType, "want a whole number, found a fraction or an exponent")
	case s.Min != nil && f < *s.Min:
		c.add(fault.OutOfRange, "want %v or more", *s.Min)
	case s.Max != nil && f > *s.Max:
		c.add(fault.OutOfRange, "want %v or less", *s.Max)
	case s.Above != nil && f <= *s.Above:
		c.add(fault.OutOfRange, "want more than %v", *s.Above)
	case s.Below != nil && f >= *s.Below:
		c.add(fault.OutOfRange, "want less than %v", *s.Below)
	}
}

// OneOf lists words as a sentence does: a, b or c.
func OneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// Leniency is what a shape of foreign data lets pass.
type Leniency struct {
	Unknown bool // members that the type doesn't have
	Null    bool // null, wherever a value may stand: it is as good as none
}

// ShapeOf is the shape that a Go type reads with encoding/json. What has an UnmarshalJSON of its own says itself what is
// wrong with a value. It is made once for each type, and must not be changed.
func ShapeOf(t reflect.Type, l Leniency) *Shape {
	type key struct {
		reflect.Type
		Leniency
	}
	if known, ok := shapesOf.Load(key{t, l}); ok {
		return known.(*Shape)
	}
	made, _ := shapesOf.LoadOrStore(key{t, l}, shapes{l, map[reflect.Type]*Shape{}}.of(t))
	return made.(*Shape)
}

var shapesOf sync.Map // of ShapeOf

type shapes struct {
	leniency Leniency
	known    map[reflect.Type]*Shape
}

var (
	rawMessage  = reflect.TypeFor[json.RawMessage]()
	moment      = reflect.TypeFor[time.Time]()
	unmarshaler = reflect.TypeFor[json.Unmarshaler]()
	fromText    = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (b shapes) of(t reflect.Type) *Shape {
	if s := b.known[t]; s != nil {
		return s
	}
	s := &Shape{Null: b.leniency.Null}
	b.known[t] = s
	switch {
	case t == moment:
		s.Kind = Time
	case t == rawMessage:
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(unmarshaler):
		s.Check = func(value []byte) error { return reflect.New(t).Interface().(json.Unmarshaler).UnmarshalJSON(value) }
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(fromText):
		s.Kind = String
	default:
		b.fill(s, t)
	}
	return s
}

func (b shapes) fill(s *Shape, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		*s = *b.of(t.Elem())
		s.Null = true
	case reflect.Struct:
		s.Kind, s.Open, s.Members = Object, b.leniency.Unknown, map[string]*Shape{}
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" || !f.IsExported() || f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
				continue
			}
			if name == "" {
				name = f.Name
			}
			s.Members[name] = b.of(f.Type)
		}
	case reflect.Map:
		s.Kind, s.Open, s.Null, s.Others = Object, true, true, b.of(t.Elem())
	case reflect.Slice, reflect.Array:
		s.Kind, s.Null, s.Items = List, true, b.of(t.Elem())
		if t.Elem().Kind() == reflect.Uint8 {
			s.Kind, s.Items = String, nil // base64
		}
	case reflect.String:
		s.Kind = String
	case reflect.Bool:
		s.Kind = Boolean
	case reflect.Float32, reflect.Float64:
		s.Kind = Number
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.Kind = Integer
	}
}

// Read reads data into v, a pointer, if it is one JSON value within the limits and has the shape of v's type. The error
// is a fault.List of all that is wrong.
func Read(data []byte, v any, l Limits, foreign Leniency) error {
	if err := Check(data, l); err != nil {
		return fault.Of(err)
	}
	if faults := Conform(data, ShapeOf(reflect.TypeOf(v).Elem(), foreign)); len(faults) > 0 {
		return faults
	}
	return fault.Of(json.Unmarshal(data, v)).Err()
}
