package handlebars

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heraldsend/herald/render/meter"
)

// Options are what New makes an Env of. All fields are optional.
type Options struct {
	Helpers  []Helper           // besides the language's own: if, unless, each, with, lookup, log
	Partials map[string]string  // source by name
	Snippets map[string]Snippet // by full name with prefix: "sn.greeting" is written [[sn.greeting]]
	Limits   Limits
	// Languages gives the languages in which a snippet is looked for that names its own, [[sn.name lang=fr]], best first. If it is
	// nil, that is the named one alone.
	Languages func(tag string) ([]string, error)
	Strict    bool   // Handlebars.js strict mode: a missing field is an error
	Marks     *Marks // nil: the output is text alone
	// Show, if set, says how a field is printed that stands in a tag by itself, from its path as it is written, without ../ and
	// the name of a block parameter. Where it returns nil, values are printed as they are.
	Show func(path []string) Show
}

// Show gives what is printed for a field's value, which is neither undefined nor null.
type Show func(Value, *Exec) Value

// Snippet is a translated piece of template text.
type Snippet struct {
	Source string            // language of the original text, which every other language falls back to
	Texts  map[string]string // text by language tag, any case, "-" or "_"
}

// Limits bound what a template may cost. Zero fields mean the defaults.
type Limits struct {
	Source   int // bytes of one source; 256 KiB
	Nesting  int // blocks and sub-expressions within each other; 100, at most 1,000
	Partials int // partials within each other at execution; 32, at most 200
	Snippets int // snippets within each other; 8, at most 200
	Output   int // bytes of output, and of any helper's result; 1 MiB
	Steps    int // of the meter of one execution that is given none; 1,000,000
}

// Exec holds one execution's inputs. It may be used again and changed between
// executions, but not by two at once.
type Exec struct {
	Context   Value            // the root context
	Escape    Escape           // how {{value}} is escaped
	Languages []string         // snippet languages in order of preference, lower case with "-"; then Snippet.Source
	Locale    string           // default locale, for helpers
	Timezone  string           // default IANA zone, for helpers
	Now       time.Time        // what helpers take for now; zero is the time of the call
	Data      map[string]Value // further @variables
	OnIssue   func(Issue)      // called for every issue, during the execution
	Trace     *Trace           // nil: nobody asks where the output comes from
	Meter     *meter.Meter     // charged for the execution; nil: the execution has one of its own
}

// Escape is how printed values are escaped.
type Escape uint8

// The escaping modes.
const (
	EscapeHTML     Escape = iota // & < > " ' ` = become character references, as in Handlebars.js
	EscapeMarkdown               // punctuation that Markdown reads is backslashed
	EscapeText                   // nothing is escaped; every end of a line becomes a newline, other control characters than that and tab are dropped
)

// Refs are the names that a template reaches, through partials and snippets
// too, each sorted and once.
type Refs struct {
	Snippets []string
	Partials []string
	Helpers  []string
	Fields   []string // field paths as written, without ../ and this, parts joined by "."
	Dynamic  bool     // a partial's name is computed: any partial may be reached
}

// Env is what templates are compiled against: helpers, partials, snippets,
// limits. It is immutable and safe for concurrent use.
type Env struct {
	helpers  map[string]*Helper
	partials map[string]*partialEntry
	chain    func(tag string) ([]string, error) // Options.Languages
	snippets map[string]*snippetEntry
	limits   Limits
	strict   bool
	marks    *Marks
	show     func(path []string) Show
	places   atomic.Uint32 // of keys: how many there are
}

// partialEntry is a partial, compiled when it is first needed.
type partialEntry struct {
	src  *source
	once sync.Once
	unit *unit
	err  error
}

func (p *partialEntry) compile(env *Env) (*unit, error) {
	p.once.Do(func() { p.unit, p.err = env.compileUnit(p.src) })
	return p.unit, p.err
}

// snippetEntry is a snippet with its texts, each compiled when it is first needed.
type snippetEntry struct {
	name   string
	source string // language
	texts  []*snippetText
}

type snippetText struct {
	language string
	partialEntry
}

// New returns an Env, or an error if a helper's declaration is faulty or given
// twice. Partials and snippets are looked at when a template needs them.
func New(options Options) (*Env, error) {
	env := &Env{
		helpers:  make(map[string]*Helper, len(options.Helpers)+8),
		partials: make(map[string]*partialEntry, len(options.Partials)),
		snippets: make(map[string]*snippetEntry, len(options.Snippets)),
		limits:   options.Limits.withDefaults(),
		strict:   options.Strict,
		marks:    options.Marks,
		show:     options.Show,
		chain:    options.Languages,
	}
	if env.chain == nil {
		env.chain = func(tag string) ([]string, error) { return []string{languageTag(tag)}, nil }
	}
	for _, h := range builtins() {
		env.helpers[h.Name] = &h
	}
	seen := map[string]bool{}
	for i := range options.Helpers {
		h := options.Helpers[i]
		if err := h.validate(); err != nil {
			return nil, err
		}
		if seen[h.Name] {
			return nil, &Error{Code: CodeArgument, Message: "helper " + Quote(h.Name) + " is given twice"}
		}
		seen[h.Name] = true
		env.helpers[h.Name] = &h
	}
	for name, text := range options.Partials {
		env.partials[name] = &partialEntry{src: &source{name: name, text: text}}
	}
	for name, s := range options.Snippets {
		env.snippets[name] = newSnippetEntry(name, s)
	}
	return env, nil
}

func newSnippetEntry(name string, s Snippet) *snippetEntry {
	entry := &snippetEntry{name: name, source: languageTag(s.Source), texts: make([]*snippetText, 0, len(s.Texts))}
	for tag, text := range s.Texts {
		tag = languageTag(tag)
		entry.texts = append(entry.texts, &snippetText{language: tag, partialEntry: partialEntry{src: &source{name: name + "@" + tag, text: text}}})
	}
	slices.SortFunc(entry.texts, func(a, b *snippetText) int { return strings.Compare(a.language, b.language) })
	return entry
}

// languageTag brings a language tag to lower case with "-".
func languageTag(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "_", "-")
}

// DefaultSteps is the default of Limits.Steps.
const DefaultSteps = 1_000_000

const (
	defaultSource   = 256 << 10
	defaultNesting  = 100
	defaultPartials = 32
	defaultSnippets = 8
	defaultOutput   = 1 << 20
)

func (l Limits) withDefaults() Limits {
	set := func(n *int, value, most int) {
		if *n <= 0 {
			*n = value
		}
		*n = min(*n, most)
	}
	set(&l.Source, defaultSource, math.MaxInt)
	set(&l.Nesting, defaultNesting, 1000) // what is nested takes stack, whose overflow would end the process
	set(&l.Partials, defaultPartials, 200)
	set(&l.Snippets, defaultSnippets, 200)
	set(&l.Output, defaultOutput, math.MaxInt/2)
	set(&l.Steps, DefaultSteps, math.MaxInt)
	return l
}

// Template is a compiled template. It is immutable and safe for concurrent use.
type Template struct {
	env  *Env
	main *unit
}

// Compile compiles a template and all partials and snippets that it can reach.
// The error is an *Error. Name stands in the positions of errors and issues.
func (env *Env) Compile(name, text string) (*Template, error) {
	u, err := env.compileUnit(&source{name: name, text: text})
	if err != nil {
		return nil, err
	}
	t := &Template{env: env, main: u}
	if err := t.link(); err != nil {
		return nil, err
	}
	return t, nil
}

// Name is what Compile was given.
func (t *Template) Name() string { return t.main.src.name }

// Append executes the template and appends its output to dst, whose whole capacity
// it may write to. The error is an *Error, and the slice then dst as it was; it has
// CodeCanceled when ctx is done.
func (t *Template) Append(ctx context.Context, dst []byte, x *Exec) ([]byte, error) {
	r := newRun(ctx, t.env, x, dst)
	err := r.execute(t.main.main)
	out := r.out
	r.release()
	if err != nil {
		return dst, err
	}
	return out, nil
}
