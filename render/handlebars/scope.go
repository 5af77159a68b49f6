package handlebars

// frame is what a program is executed in.
type frame struct {
	this   Value
	depth  *depth      // the context chain; depth.this is this
	params *paramFrame // block parameters, innermost first
	data   *dataFrame  // @variables
	inline *inlineFrame
}

// depth is one context of the chain that ../ goes out.
type depth struct {
	this Value
	out  *depth
}

// paramFrame has the values of one block's parameters.
type paramFrame struct {
	values []Value
	given  bool
	two    [2]Value
	out    *paramFrame
}

// dataFrame has @variables.
type dataFrame struct {
	loop        bool // has key, index, first and last
	first, last bool
	index       int
	key         Value
	vars        []Member
	block       *partialBlock // @partial-block
	hasBlock    bool
	out         *dataFrame
}

// partialBlock is the block of a partial call.
type partialBlock struct {
	body  *program
	frame *frame
	outer *partialBlock
}

// inlineFrame is an inline partial in scope.
type inlineFrame struct {
	name  string
	body  *program
	frame *frame
	out   *inlineFrame
}

// dataName is the name of an @variable; those of the language have a number.
type dataName struct {
	id   uint8
	name string
}

const (
	dataOther uint8 = iota
	dataRoot
	dataIndex
	dataKey
	dataFirst
	dataLast
)

func dataNameOf(name string) dataName {
	ids := map[string]uint8{"root": dataRoot, "index": dataIndex, "key": dataKey, "first": dataFirst, "last": dataLast}
	return dataName{ids[name], name}
}

func (d *dataFrame) get(r *run, name string) Value {
	return d.lookup(r, dataNameOf(name))
}

// lookup finds an @variable in d and the frames around it.
func (d *dataFrame) lookup(r *run, name dataName) Value {
	for ; d != nil; d = d.out {
		if d.loop {
			switch name.id {
			case dataIndex:
				return Int(int64(d.index))
			case dataKey:
				return d.key
			case dataFirst:
				return Bool(d.first)
			case dataLast:
				return Bool(d.last)
			}
		}
		for i := range d.vars {
			if d.vars[i].Key == name.name {
				return d.vars[i].Value
			}
		}
	}
	if r.exec.Data != nil {
		if v, ok := r.exec.Data[name.name]; ok {
			return v
		}
	}
	if name.id == dataRoot {
		return r.exec.Context
	}
	return Value{}
}

// emptyObject stands for a null context where a helper asks for it.
var emptyObject = Object()

func notNull(v Value) Value {
	if v.IsNil() {
		return emptyObject
	}
	return v
}
