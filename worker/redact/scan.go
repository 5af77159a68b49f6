package redact

// Span is a piece of a text, in bytes.
type Span struct{ Start, End int }

// scanner walks through the characters of a text and notes where a table's texts stand.
type scanner struct {
	table   *table
	signs   bool // they count
	certain bool // only what needn't stand alone
	at      int32
	count   int        // characters that count
	recent  [32]placed // the last of them, by count
	hash    uint64     // of the last Run of them
	apart   bool       // something stood between the last of them and what comes
	waiting []Span     // texts that must stand alone, as far as is seen
	hits    []Span     // by their ends
}

// placed is a character that counts, with its place in the source.
type placed struct {
	folded
	start, end int
	apart      bool // from the one before it
}

func (s *scanner) back(n int) *placed { return &s.recent[(s.count-n)%len(s.recent)] }

// see takes the next character.
func (s *scanner) see(c folded, start, end int) {
	switch {
	case c.class == nothing:
		return
	case c.class < sign || c.class == sign && !s.signs:
		s.divide()
		return
	}
	apart := s.apart || s.count == 0 || s.back(1).class != c.class
	s.apart = false
	s.settle(apart)
	s.recent[s.count%len(s.recent)] = placed{c, start, end, apart}
	s.count++
	s.runs(c.char, end)
	t := s.table
	s.at = t.step(s.at, c.char)
	for n := t.nodes[s.at].out; n != 0; n = t.nodes[t.nodes[n].fail].out {
		node := &t.nodes[n]
		first := s.back(int(node.depth))
		hit := Span{first.start, end}
		switch {
		case !node.alone:
			s.hits = join(s.hits, hit)
			return // the others that end here are shorter
		case first.apart && !s.certain:
			s.waiting = append(s.waiting, hit)
		}
	}
}

// runs finds the long texts by their runs.
func (s *scanner) runs(c rune, end int) {
	t := s.table
	if t.runs.n == 0 {
		return
	}
	s.hash = s.hash*t.base + uint64(c)
	if s.count > Run {
		s.hash -= uint64(s.back(Run+1).char) * t.top
	}
	if s.count >= Run && t.runs.has(s.hash) {
		s.hits = join(s.hits, Span{s.back(Run).start, end})
	}
}

// divide says that a word ends.
func (s *scanner) divide() {
	s.apart = true
	s.settle(true)
}

// settle decides about the texts that end where the scanner stands.
func (s *scanner) settle(apart bool) {
	if apart {
		for _, hit := range s.waiting {
			s.hits = join(s.hits, hit)
		}
	}
	s.waiting = s.waiting[:0]
}

// begin says that a text begins.
func (s *scanner) begin() {
	s.hits, s.waiting, s.apart = s.hits[:0], s.waiting[:0], true
	s.at, s.count, s.hash = 0, 0, 0
}

// forget says that what comes has nothing to do with what was.
func (s *scanner) forget() {
	s.divide()
	s.at, s.count, s.hash = 0, 0, 0
}

// end says that the text ends.
func (s *scanner) end(cut bool) {
	s.divide()
	if cut {
		s.cut()
	}
}

// cut says that a text may have been cut here: the beginning of one that is looked for is a hit.
func (s *scanner) cut() {
	t := s.table
	for n := s.at; n != 0; n = t.nodes[n].fail {
		if node := &t.nodes[n]; !node.end && (node.depth >= minWeakCut || node.secret && node.depth >= minCut) {
			s.hits = join(s.hits, Span{s.back(int(node.depth)).start, s.back(1).end})
			return
		}
	}
}

// join adds a hit, whose end is behind those before, and merges it with those that it overlaps.
func join(found []Span, hit Span) []Span {
	for len(found) > 0 && found[len(found)-1].End >= hit.Start {
		hit.Start = min(hit.Start, found[len(found)-1].Start)
		hit.End = max(hit.End, found[len(found)-1].End)
		found = found[:len(found)-1]
	}
	return append(found, hit)
}
