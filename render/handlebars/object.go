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
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return o.members[i].Value
		}
		return Value{}
	}
	if key == "" {
		return o.scan(key)
	}
	first := key[0]
	for i := range o.members {
		// The first byte tells most keys of one length apart.
		if m := &o.members[i]; len(m.Key) == len(key) && m.Key[0] == first && m.Key == key {
			return m.Value
		}
	}
	return Value{}
}

func (o *object) scan(key string) Value {
	for i := range o.members {
		if o.members[i].Key == key {
			return o.members[i].Value
		}
	}
	return Value{}
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
