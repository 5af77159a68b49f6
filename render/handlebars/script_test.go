package handlebars

import (
	"encoding/json"
	"fmt"
	"unsafe"

	"github.com/dop251/goja"
)

// script runs JavaScript helpers of the suite. Contexts keep their identity on
// the way to JavaScript and back.
type script struct {
	vm     *goja.Runtime
	toJS   map[unsafe.Pointer]*goja.Object
	fromJS map[*goja.Object]Value
}

const prelude = `
var Handlebars = {
  SafeString: function(s) { this.string = s; },
  createFrame: function(o) { var f = {}; for (var k in o) f[k] = o[k]; f._parent = o; return f; },
  Utils: { escapeExpression: function(s) { return s == null ? '' : ('' + s).replace(/[&<>"'` + "`" + `=]/g, function(c) {
    return {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#x27;', '` + "`" + `': '&#x60;', '=': '&#x3D;'}[c]; }); } }
};
Handlebars.SafeString.prototype.toString = Handlebars.SafeString.prototype.toHTML = function() { return '' + this.string; };
var handlebarsEnv = Handlebars;
var global = this;
function equals(a, b) { if (a !== b) throw new Error(a + ' is not ' + b); }
function equal(a, b) { if (a != b) throw new Error(a + ' is not ' + b); }
`

func newScript() *script {
	s := &script{vm: goja.New(), toJS: map[unsafe.Pointer]*goja.Object{}, fromJS: map[*goja.Object]Value{}}
	if _, err := s.vm.RunString(prelude); err != nil {
		panic(err)
	}
	return s
}

// helper makes a Helper of a JavaScript function.
func (s *script) helper(name string, text json.RawMessage) (Helper, error) {
	js := code(text)
	if js == "" {
		js = string(text) // no function, which Handlebars.js never calls
	}
	v, err := s.vm.RunString("(" + js + ")")
	if err != nil {
		return Helper{}, err
	}
	fn, ok := goja.AssertFunction(v)
	if !ok {
		value := s.value(v)
		return Helper{Name: name, MaxArgs: -1, Options: []string{"*"}, Form: Either, Func: func(*Call) (Value, error) { return value, nil }}, nil
	}
	return Helper{Name: name, MaxArgs: -1, Options: []string{"*"}, Form: Either, Func: func(c *Call) (Value, error) {
		var args []goja.Value
		for i := range c.Len() {
			args = append(args, s.object(c.Arg(i)))
		}
		args = append(args, s.options(c))
		out, err := fn(s.object(c.This()), args...)
		if err != nil {
			return Value{}, err
		}
		return s.value(out), nil
	}}, nil
}

func (s *script) options(c *Call) goja.Value {
	o := s.vm.NewObject()
	hash := s.vm.NewObject()
	c.Options(func(name string, v Value) bool { return hash.Set(name, s.object(v)) == nil })
	_ = o.Set("hash", hash)
	_ = o.Set("name", c.Name())
	_ = o.Set("lookupProperty", func(obj, name goja.Value) goja.Value { return s.object(s.value(obj).Get(name.String())) })
	data := s.vm.NewObject()
	for _, name := range []string{"root", "index", "key", "first", "last"} {
		if v := c.Data(name); v.Kind() != KindUndefined {
			_ = data.Set(name, s.object(v))
		}
	}
	for name, v := range c.run.exec.Data {
		_ = data.Set(name, s.object(v))
	}
	for d := c.frame.data; d != nil; d = d.out {
		for _, m := range d.variables {
			_ = data.Set(m.Key, s.object(m.Value))
		}
	}
	_ = o.Set("data", data)
	if c.IsBlock() {
		_ = o.Set("fn", s.body(c, c.BodyText))
		_ = o.Set("inverse", s.body(c, c.InverseText))
	}
	return o
}

func (s *script) body(c *Call, render func(*Scope) (string, error)) goja.Value {
	fn := s.vm.ToValue(func(call goja.FunctionCall) goja.Value {
		scope := &Scope{This: s.value(call.Argument(0))}
		if scope.This.Kind() == KindUndefined {
			scope.This = Null()
		}
		if o, ok := call.Argument(1).(*goja.Object); ok {
			if data, ok := o.Get("data").(*goja.Object); ok {
				for _, k := range data.Keys() {
					if k != "_parent" {
						scope.Data = append(scope.Data, Member{k, s.value(data.Get(k))})
					}
				}
			}
			if params, ok := o.Get("blockParams").(*goja.Object); ok {
				for i := range int(params.Get("length").ToInteger()) {
					scope.Params = append(scope.Params, s.value(params.Get(fmt.Sprint(i))))
				}
			}
		}
		text, err := render(scope)
		if err != nil {
			panic(s.vm.NewGoError(err))
		}
		return s.vm.ToValue(text)
	})
	_ = fn.(*goja.Object).Set("blockParams", c.BlockParams())
	return fn
}

// object makes a JavaScript value of v.
func (s *script) object(v Value) goja.Value {
	switch v.kind {
	case KindUndefined:
		return goja.Undefined()
	case KindNull:
		return goja.Null()
	case KindBool:
		return s.vm.ToValue(v.Truthy())
	case KindNumber:
		f, _ := v.Float()
		return s.vm.ToValue(f)
	case KindString:
		if v.IsSafe() {
			o, err := s.vm.New(s.vm.Get("Handlebars").(*goja.Object).Get("SafeString"), s.vm.ToValue(v.Text()))
			if err != nil {
				panic(err)
			}
			return o
		}
		return s.vm.ToValue(v.Text())
	}
	if v.ptr != nil && s.toJS[v.ptr] != nil {
		return s.toJS[v.ptr]
	}
	var o *goja.Object
	if v.kind == KindArray {
		o = s.vm.NewArray()
		for i, item := range v.Items() {
			_ = o.Set(fmt.Sprint(i), s.object(item))
		}
	} else {
		o = s.vm.NewObject()
		for _, m := range v.Members() {
			if fn := m.Value.Get("!code"); fn.Truthy() {
				continue
			}
			_ = o.Set(m.Key, s.object(m.Value))
		}
	}
	s.toJS[v.ptr], s.fromJS[o] = o, v
	return o
}

// value makes a Value of a JavaScript value.
func (s *script) value(v goja.Value) Value {
	switch {
	case v == nil || goja.IsUndefined(v):
		return Value{}
	case goja.IsNull(v):
		return Null()
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return FromGo(v.Export())
	}
	if old, ok := s.fromJS[o]; ok {
		return old
	}
	if o.Get("toHTML") != nil {
		return Safe(o.String())
	}
	if o.ClassName() == "String" || o.ClassName() == "Number" || o.ClassName() == "Boolean" {
		return FromGo(o.Export())
	}
	if o.ClassName() == "Array" {
		var items []Value
		for i := range int(o.Get("length").ToInteger()) {
			items = append(items, s.value(o.Get(fmt.Sprint(i))))
		}
		return Array(items)
	}
	var members []Member
	for _, k := range o.Keys() {
		if k != "_parent" {
			members = append(members, Member{k, s.value(o.Get(k))})
		}
	}
	return Object(members...)
}
