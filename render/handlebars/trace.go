package handlebars

import "bytes"

// Trace collects what an execution prints, and where it comes from. Its places are byte offsets in the source of Template,
// as package syntax has them.
type Trace struct {
	Pieces []Piece // in the order of the output; white space may be missing at their edges
	Scopes []Entered
}

// Piece is a part of the output that has one origin.
type Piece struct {
	Start, End int // in what Append appended
	Template   string
	Pos        int // of a value, its tag's; of a text, where it begins
	Kind       PieceKind
	Scope      int // in Trace.Scopes: what it stands in
}

// PieceKind is what printed a piece.
type PieceKind uint8

// The kinds of Piece.
const (
	PieceText  PieceKind = iota // the author's text
	PieceField                  // a field's value
	PieceCall                   // a helper's result
)

// Entered is a template, partial, snippet, or side of a block that was executed.
type Entered struct {
	Outer    int // in Trace.Scopes: what it stands in; -1: nothing
	Template string
	Pos      int  // where the text of the side begins: ast.Program's
	Whole    bool // all of a source, not a side of a block
}

// enter notes that p is executed within a scope, and returns its own.
func (t *Trace) enter(p *program, outer int) int {
	if len(t.Scopes) == 0 {
		outer = -1
	}
	t.Scopes = append(t.Scopes, Entered{Outer: outer, Template: p.src.name, Pos: p.pos, Whole: p.kind == programWhole})
	return len(t.Scopes) - 1
}

// traced is operations for an execution that is traced.
func (r *run) traced(p *program, f *frame) error {
	for i := range p.ops {
		o := &p.ops[i]
		start := len(r.out)
		text, mark := o.text, ""
		if o.mark != 0 {
			text, mark = text[:len(text)-2], text[len(text)-2:]
		}
		r.out = append(r.out, text...)
		r.piece(start, p, o.textPos, PieceText)
		start = len(r.out)
		r.out = append(r.out, mark...)
		if err := r.charge(p.src, o.pos); err != nil {
			return err
		}
		if o.code == opText {
			continue
		}
		pieces, before := len(r.exec.Trace.Pieces), len(r.out)
		if err := r.operation(o, p.src, f); err != nil {
			return err
		}
		kind := PieceField
		if o.code == opPrint || o.code == opCall {
			kind = PieceCall
		}
		if o.mark != 0 && o.end == 0 {
			printed := len(r.out) > before
			if r.out = r.env.marks.appendEnd(r.out, o); printed {
				r.piece(start, p, o.pos, kind)
			}
			continue
		}
		if n := len(r.exec.Trace.Pieces); n > pieces { // a block's own result stands behind what its body printed
			before = r.exec.Trace.Pieces[n-1].End + r.start
		}
		r.piece(before, p, o.pos, kind)
		if o.mark != 0 {
			r.out = r.env.marks.appendEnd(r.out, o)
		}
	}
	return nil
}

// piece notes that the output from start on is p's.
func (r *run) piece(start int, p *program, pos int, kind PieceKind) {
	if len(r.out) > start {
		t := r.exec.Trace
		t.Pieces = append(t.Pieces, Piece{start - r.start, len(r.out) - r.start, p.src.name, pos, kind, r.scope})
	}
}

// indented moves the pieces from start on to where they are once every line of tail, which begins there, has indent before it.
func (t *Trace) indented(start int, tail []byte, indent int) {
	move := func(at int) int {
		rest := tail[:at-start]
		n := bytes.Count(rest, newline)
		if len(rest) > 0 && rest[len(rest)-1] != '\n' {
			n++ // in a line: behind its indent
		}
		return at + n*indent
	}
	for i := len(t.Pieces) - 1; i >= 0 && t.Pieces[i].Start >= start; i-- {
		t.Pieces[i].Start, t.Pieces[i].End = move(t.Pieces[i].Start), move(t.Pieces[i].End)
	}
}
