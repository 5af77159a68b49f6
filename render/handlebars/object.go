package handlebars

import (
	"slices"
	"unsafe"
)

// object is what an object Value points to.
type object struct {
	members []Member
	index   map[string]int // position by key, in large objects
}

// Member is one member of an object.
type Member struct {
	Key   string
	Value Value
}

// indexFrom is the number of members from which an object is indexed.
const indexFrom = 32

func objectValue(o *object) Value { return Value{kind: KindObject, ptr: unsafe.Pointer(o)} }

// Object returns an object value. It keeps members: don't change them
// afterwards. Of members with the same key the last one counts.
func Object(members ...Member) Value {
	o := &object{members: members[:0]}
	var seen keySet
	for _, m := range members {
		if i := seen.add(o.members, m.Key); i >= 0 {
			o.members[i].Value = m.Value
		} else {
			o.members = append(o.members, m)
		}
	}
	o.finish(&seen)
	return objectValue(o)
}

// finish brings the members into JavaScript's order and keeps the index.
func (o *object) finish(seen *keySet) {
	o.index = seen.index
	if !seen.numeric {
		return
	}
	slices.SortStableFunc(o.members, func(a, b Member) int {
		x, okX := arrayIndex(a.Key)
		y, okY := arrayIndex(b.Key)
		switch {
		case okX && okY:
			return x - y
		case okX:
			return -1
		case okY:
			return 1
		}
		return 0
	})
	if o.index != nil {
		for i, m := range o.members {
			o.index[m.Key] = i
		}
	}
}

func (o *object) get(key string) Value {
	if i := o.position(key); i >= 0 {
		return o.members[i].Value
	}
	return Value{}
}

// position returns where the member with that key is, -1 if there is none.
func (o *object) position(key string) int {
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if m := &o.members[i]; len(m.Key) == len(key) && (key == "" || m.Key[0] == key[0] && m.Key == key) { // the first byte tells most apart
			return i
		}
	}
	return -1
}

// key is a part of a path.
type key struct {
	name        string
	first, last uint64 // its ends
	place       uint8  // in run.hints
}

func keyOf(name string, place uint8) key {
	first, last := ends(name)
	return key{name, first, last, place}
}

// member returns the member with that key, which mostly is where it was the last time: objects of one kind have one order.
func (r *run) member(o *object, k *key) Value {
	if i := int(r.hints[k.place]); i < len(o.members) {
		if m := &o.members[i]; k.is(m.Key) {
			return m.Value
		}
	}
	i := o.position(k.name)
	if i < 0 {
		return Value{}
	}
	r.hints[k.place] = uint8(i) // of more than 256 members a wrong one
	return o.members[i].Value
}

// is reports whether s is the key.
func (k *key) is(s string) bool {
	n := len(s)
	if n != len(k.name) {
		return false
	}
	p := unsafe.Pointer(unsafe.StringData(s))
	if n >= 8 {
		return word(p, 0) == k.first && word(p, n-8) == k.last && (n <= 16 || s == k.name)
	}
	if n >= 4 {
		return half(p, 0) == k.first && half(p, n-4) == k.last
	}
	return s == k.name
}

// keySet finds keys that come twice while an object is made.
type keySet struct {
	bits    uint64 // a bit for each key
	index   map[string]int
	numeric bool // some key is an integer, which JavaScript puts first
}

// add finds key among the members so far, or adds it and returns -1.
func (s *keySet) add(members []Member, key string) int {
	if s.index != nil {
		if i, ok := s.index[key]; ok {
			return i
		}
		s.index[key] = len(members)
	} else {
		hash := uint(len(key))
		if hash > 0 {
			hash += 5*uint(key[0]) + 11*uint(key[len(key)-1]) + 3*uint(key[len(key)/2])
		}
		bit := uint64(1) << (hash % 64)
		if s.bits&bit != 0 {
			for i := range members {
				if members[i].Key == key {
					return i
				}
			}
		}
		s.bits |= bit
		if len(members) >= indexFrom {
			s.index = make(map[string]int, 2*len(members))
			for i := range members {
				s.index[members[i].Key] = i
			}
			s.index[key] = len(members)
		}
	}
	if !s.numeric && key != "" && key[0]-'0' <= 9 {
		_, s.numeric = arrayIndex(key)
	}
	return -1
}
