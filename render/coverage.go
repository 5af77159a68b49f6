package render

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// branch is one side of a block.
type branch struct {
	template string
	tag      int // index of the tag that opens it
	label    string
	line     int // of the tag
	column   int
}

type branchKey struct {
	template string
	tag      int
}

func (b branch) key() branchKey { return branchKey{b.template, b.tag} }

// blockStack follows the blocks of a source, tag by tag.
type blockStack struct {
	name, source string
	open         []branch // outermost first; never changed in place
}

// step takes the next tag. It says whether the tag begins a branch, which is
// then the last of open: a block of a helper or field, or an else of one.
func (s *blockStack) step(i int, t syntax.Tag) bool {
	n := len(s.open)
	switch t.Kind {
	case syntax.TagOpen:
		label := strings.TrimSpace(t.Inside)
		if strings.HasSuffix(s.source[t.Start:t.Body], "^") {
			label = "^" + label
		}
		s.open = append(s.open[:n:n], s.branch(i, t, label))
		return true
	case syntax.TagElse:
		if n == 0 {
			return false
		}
		label := "else of " + strings.TrimPrefix(s.open[n-1].label, "else of ")
		if rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(t.Inside), "else")); rest != "" {
			label = rest
		}
		s.open = append(s.open[:n-1:n-1], s.branch(i, t, label))
		return true
	case syntax.TagClose:
		s.open = s.open[:max(0, n-1)]
	case syntax.TagPartial, syntax.TagOther:
		if strings.Contains(s.source[t.Start:t.Body], "#") {
			s.open = append(s.open[:n:n], s.branch(i, t, strings.TrimSpace(t.Inside)))
		}
	}
	return false
}

func (s *blockStack) branch(i int, t syntax.Tag, label string) branch {
	line, column := LineAndColumn(s.source, t.Start)
	return branch{s.name, i, label, line, column}
}

// kindPoint marks that a branch or a text was reached: markOpen, kindPoint, id.
const kindPoint = 'B'

// coverer holds a bundle's templates with a mark at the start of every branch
// and of every snippet's text. The white space of their output is not that of
// the message.
type coverer struct {
	points []point // by id
	plans  map[catalog.Channel]coveredPlan
}

// point is a branch, or the start of a text when its label is empty.
type point struct {
	branch
}

func (p point) isText() bool { return p.label == "" }

type coveredPlan struct {
	subject, preheader, message, html, text *handlebars.Template // nil: none
}

func newCoverer(p *Prepared) (*coverer, error) {
	c := &coverer{plans: make(map[catalog.Channel]coveredPlan)}
	b := p.bundle
	env, err := rewrittenEnv(p.renderer.helpers, b.Snippets, b.Partials, p.renderer.markedLimits(), c.mark)
	if err != nil {
		return nil, err
	}
	var faults []error
	compile := func(name, text string) *handlebars.Template {
		if text == "" {
			return nil
		}
		t, err := env.Compile(name, c.mark(name, text))
		faults = append(faults, err)
		return t
	}
	for _, channel := range catalog.Channels() {
		parts := b.Shortcut.For(channel)
		plan := coveredPlan{message: compile(b.Shortcut.Name+"/"+parts.Path("message"), parts.Message)}
		if channel == catalog.Email {
			plan.subject = compile(b.Shortcut.Name+"/"+parts.Path("subject"), parts.Subject)
			plan.preheader = compile(b.Shortcut.Name+"/"+parts.Path("preheader"), parts.Preheader)
		}
		if t := b.Emails[parts.EmailTemplate]; t != nil && (channel == catalog.Email || channel == catalog.Note) {
			plan.text = compile("emails/"+t.Name+".txt", t.Text)
			if channel == catalog.Email {
				plan.html = compile("emails/"+t.Name, t.HTML)
			}
		}
		c.plans[channel] = plan
	}
	return c, catalog.JoinFaults(faults)
}

// markedLimits leave room for marks.
func (r *Renderer) markedLimits() Limits {
	l := r.options.Limits
	if l.Source == 0 {
		l.Source = 1 << 22
	}
	if l.Steps == 0 {
		l.Steps = 4_000_000
	}
	l.Output *= 16
	return l
}

func (c *coverer) mark(name, source string) string {
	source = unforged(source)
	blocks := blockStack{name: name, source: source}
	var out bytes.Buffer
	if strings.HasPrefix(name, catalog.SnippetPrefix) {
		out.WriteString(c.point(branch{template: name}))
	}
	pos := 0
	for i, t := range syntax.ScanTags(source) {
		out.WriteString(source[pos:t.End])
		pos = t.End
		if blocks.step(i, t) {
			out.WriteString(c.point(blocks.open[len(blocks.open)-1]))
		}
	}
	out.WriteString(source[pos:])
	return out.String()
}

func (c *coverer) point(b branch) string {
	c.points = append(c.points, point{b})
	return fmt.Sprintf("%c%c%0*x", content.MarkOpen, kindPoint, idDigits, len(c.points)-1)
}

// run renders what content was rendered from, and calls reached for every
// point on the way.
func (c *coverer) run(ctx context.Context, p *Prepared, req Request, content *Content, reached func(point)) error {
	r := newRun()
	if err := r.begin(ctx, p, p.plans[req.Channel], req); err != nil {
		return err
	}
	says := false
	execute := func(part string, t *handlebars.Template) error {
		out, err := r.execute(part, t, nil)
		if err != nil {
			return err
		}
		rest := c.collect(out, reached)
		says = says || part == "message" && len(bytes.TrimSpace(rest)) > 0
		return nil
	}
	plan := c.plans[req.Channel]
	err := catalog.JoinFaults([]error{execute("subject", plan.subject), execute("preheader", plan.preheader), execute("message", plan.message)})
	if err != nil {
		return err
	}
	r.withDraft(content.Subject, content.Preheader, handlebars.Bool(says && req.Channel == catalog.Email), handlebars.Bool(says))
	return catalog.JoinFaults([]error{execute("layout", plan.html), execute("layout", plan.text)})
}

// collect returns the output without its marks.
func (c *coverer) collect(output []byte, reached func(point)) (rest []byte) {
	for {
		i := bytes.IndexByte(output, content.MarkOpen)
		if i < 0 || len(output) < i+2+idDigits {
			return append(rest, output...)
		}
		rest = append(rest, output[:i]...)
		if id, err := strconv.ParseInt(string(output[i+2:i+2+idDigits]), 16, 32); err == nil && int(id) < len(c.points) {
			reached(c.points[id])
		}
		output = output[i+2+idDigits:]
	}
}

// coverage is what an author's tests reach of a catalog's branches. A snippet
// counts in the languages that tests show it in, else in its source's.
type coverage struct {
	coverers map[string]*coverer // by shortcut
	shown    map[string]bool     // texts of snippets, "sn.greeting@de"
	reached  map[branchKey]bool
}

func newCoverage() *coverage {
	return &coverage{coverers: make(map[string]*coverer), shown: make(map[string]bool), reached: make(map[branchKey]bool)}
}

func (c *coverage) of(p *Prepared) (*coverer, error) {
	name := p.bundle.Shortcut.Name
	if known, ok := c.coverers[name]; ok {
		return known, nil
	}
	made, err := newCoverer(p)
	if err != nil {
		return nil, err
	}
	c.coverers[name] = made
	return made, nil
}

// add notes what a test reaches.
func (c *coverage) add(ctx context.Context, p *Prepared, req Request, content *Content) error {
	coverer, err := c.of(p)
	if err != nil {
		return err
	}
	return coverer.run(ctx, p, req, content, func(at point) {
		if at.isText() {
			c.shown[at.template] = true
		} else {
			c.reached[at.key()] = true
		}
	})
}

// branches lists what counts of all shortcuts that were asked for with of.
func (c *coverage) branches(from *catalog.Catalog) map[branchKey]branch {
	shownAtAll := make(map[string]bool)
	for template := range c.shown {
		name, _, _ := strings.Cut(template, "@")
		shownAtAll[name] = true
	}
	counts := func(template string) bool {
		name, language, ok := strings.Cut(template, "@")
		if !ok || !strings.HasPrefix(name, catalog.SnippetPrefix) || c.shown[template] {
			return true
		}
		s, err := from.Snippet(name)
		return !shownAtAll[name] && err == nil && s.Source == language
	}
	all := make(map[branchKey]branch)
	for _, coverer := range c.coverers {
		for _, at := range coverer.points {
			if !at.isText() && counts(at.template) {
				all[at.key()] = at.branch
			}
		}
	}
	return all
}
