package helpers

import (
	"slices"

	"github.com/heraldsend/herald/render/handlebars"
)

// Kind is what an argument or option must be, as far as a mistake can be told from how it is written.
type Kind uint8

// The kinds.
const (
	Any      Kind = iota
	Text          // any text
	Number        // a number, or text that is one
	Bool          // true or false
	Date          // what dateFormat reads as a date
	List          //
	Object        // an object, or a list
	Key           // the name of an object's member, or the place in a list
	Format        // a format of Moment.js, as package moment reads it
	Locale        // a language that package moment has
	Language      // a language tag
	Zone          // a time zone of the tz database
	Currency      // a code of ISO 4217
	Operator      // one of Operators
)

// Param is an argument or option of a helper.
type Param struct {
	Name     string // of an option: as it is written before the "="; "*": any other
	Kind     Kind
	Optional bool     // of an argument; options may always be left out
	Rest     bool     // of the last argument: any number more may follow
	Values   []string // the only texts that it may be; nil: any
}

// declared gives the helper what the row says of its arguments.
func (e *Entry) declared() handlebars.Helper {
	h := e.helper
	h.Name = e.Name
	h.MinArgs, h.MaxArgs, h.Options = 0, len(e.Args), nil
	for _, p := range e.Args {
		if !p.Optional {
			h.MinArgs++
		}
		if p.Rest {
			h.MaxArgs = -1
		}
	}
	for _, p := range e.Options {
		h.Options = append(h.Options, p.Name)
	}
	return h
}

// Form says where the helper may be called.
func (e *Entry) Form() handlebars.Form { return e.helper.Form }

// OrField says that the name alone, without arguments, is a field's.
func (e *Entry) OrField() bool { return e.helper.OrField }

// OpensDepth says whether its block opens a depth in the caller's context: inside, ../name is the caller's name.
func (e *Entry) OpensDepth() bool { return e.helper.Depth }

// Arg is what argument i must be; false if there can be none.
func (e *Entry) Arg(i int) (Param, bool) {
	n := len(e.Args)
	switch {
	case i < n:
		return e.Args[i], true
	case n > 0 && e.Args[n-1].Rest:
		return e.Args[n-1], true
	}
	return Param{}, false
}

// Option is what the option of that name must be; false if there is none.
func (e *Entry) Option(name string) (Param, bool) {
	for _, p := range e.Options {
		if p.Name == name {
			return p, true
		}
	}
	if i := slices.IndexFunc(e.Options, func(p Param) bool { return p.Name == "*" }); i >= 0 {
		return e.Options[i], true
	}
	return Param{}, false
}

// Operators lists what ifCond compares with, in the order of its documentation.
func Operators() []string {
	signs := make([]string, len(operators))
	for i, o := range operators {
		signs[i] = o.sign
	}
	return signs
}
