package handlebars

// frame is what a program is executed in. Frames are linked to those around them
// by their parts, each of which goes out at its own pace: a block that keeps the
// context opens no depth, a block without parameters adds none.
type frame struct {
	this    Value
	depth   *depth       // the contexts that ../ goes out; depth.this is this
	outside *depth       // the depth that the program was made in
	params  *paramFrame  // block parameters
	data    *dataFrame   // @variables
	inline  *inlineFrame // inline partials
}

// depth is one context of the chain that ../ goes out.
type depth struct {
	this Value
	out  *depth
}

// paramFrame has the values of one block's parameters.
type paramFrame struct {
	values []Value // nil if the helper gives none
	two    [2]Value
	out    *paramFrame
}

// dataFrame has @variables.
type dataFrame struct {
	out       *dataFrame
	key       Value // @key
	index     int   // @index
	loop      bool  // has key, index, first and last
	first     bool  // @first
	last      bool  // @last
	hasBlock  bool  // has @partial-block
	block     *partialBlock
	variables []Member
}

// partialBlock is the block of a {{#> partial}} call, with where it stands.
type partialBlock struct {
	body  *program
	frame *frame
	outer *partialBlock // @partial-block there
}

// inlineFrame is an inline partial in scope, with where it stands.
type inlineFrame struct {
	name   string
	body   *program
	params *paramFrame
	depth  *depth
	scope  *inlineFrame // what the body sees
	out    *inlineFrame
}

func (in *inlineFrame) find(name string) *inlineFrame {
	for ; in != nil; in = in.out {
		if in.name == name {
			return in
		}
	}
	return nil
}

// scopeFrame is a frame with room for what it adds to its surroundings.
type scopeFrame struct {
	frame
	ownDepth  depth
	ownParams paramFrame
	ownData   dataFrame
	ownBlock  partialBlock
}

// setThis makes v the context, a depth further in than out unless it is the same.
func (s *scopeFrame) setThis(v Value, out *depth) {
	if out != nil && sameContext(v, out.this) {
		s.this, s.depth = v, out
		return
	}
	s.openDepth(v, out)
}

// openDepth makes v the context, a depth further in than out.
func (s *scopeFrame) openDepth(v Value, out *depth) {
	s.this = v
	s.ownDepth = depth{this: v, out: out}
	s.depth = &s.ownDepth
}

// openParams gives values to the block's parameters.
func (s *scopeFrame) openParams(values []Value) {
	s.ownParams = paramFrame{values: values, out: s.params}
	s.params = &s.ownParams
}

// sameContext is how Handlebars.js compares contexts: JavaScript's ==.
func sameContext(a, b Value) bool {
	if a.kind >= KindArray && b.kind >= KindArray {
		return a.ptr == b.ptr && a.bits == b.bits
	}
	return LooseEqual(a, b)
}

// dataName is the name of an @variable; the language's own have a number.
type dataName struct {
	id   dataID
	name string
}

type dataID uint8

const (
	dataOther dataID = iota
	dataRoot
	dataIndex
	dataKey
	dataFirst
	dataLast
	dataPartialBlock
)

func dataNameOf(name string) dataName {
	var id dataID
	switch name {
	case "root":
		id = dataRoot
	case "index":
		id = dataIndex
	case "key":
		id = dataKey
	case "first":
		id = dataFirst
	case "last":
		id = dataLast
	case "partial-block":
		id = dataPartialBlock
	}
	return dataName{id, name}
}

// lookup finds an @variable in d and the frames around it.
func (d *dataFrame) lookup(r *run, name dataName) Value {
	for ; d != nil; d = d.out {
		if v, ok := d.own(name); ok {
			return v
		}
	}
	if v, ok := r.exec.Data[name.name]; ok {
		return v
	}
	if name.id == dataRoot {
		return r.exec.Context
	}
	return Value{}
}

// own finds an @variable in d itself.
func (d *dataFrame) own(name dataName) (Value, bool) {
	if d.loop {
		switch name.id {
		case dataIndex:
			return Int(int64(d.index)), true
		case dataKey:
			return d.key, true
		case dataFirst:
			return Bool(d.first), true
		case dataLast:
			return Bool(d.last), true
		}
	}
	if d.hasBlock && name.id == dataPartialBlock {
		return Bool(d.block != nil && len(d.block.body.ops) > 0), true // a function in JavaScript: good for {{#if}} only
	}
	for i := range d.variables {
		if d.variables[i].Key == name.name {
			return d.variables[i].Value, true
		}
	}
	return Value{}, false
}

// partialBlock returns what {{> @partial-block}} calls.
func (d *dataFrame) partialBlock() *partialBlock {
	for ; d != nil; d = d.out {
		if d.hasBlock {
			return d.block
		}
	}
	return nil
}

// emptyObject stands for a null context where a helper's block asks for it.
var emptyObject = Object()

func notNull(v Value) Value {
	if v.IsNil() {
		return emptyObject
	}
	return v
}
