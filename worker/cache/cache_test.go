package cache

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// loads gets keys and notes which of them had to be loaded.
type loads struct {
	c    *Cache[string, string]
	made []string
}

func (l *loads) get(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		got, err := l.c.GetAt(int64(len(key)), key, func() (string, error) {
			l.made = append(l.made, key)
			return strings.ToUpper(key), nil
		})
		if got != strings.ToUpper(key) || err != nil {
			t.Fatalf("%s: %q, %v", key, got, err)
		}
	}
}

func (l *loads) want(t *testing.T, keys ...string) {
	t.Helper()
	if !slices.Equal(l.made, keys) {
		t.Errorf("loaded %v, want %v", l.made, keys)
	}
	l.made = nil
}

// What was not used for longest goes first, however costly.
func TestWhatIsKept(t *testing.T) {
	l := &loads{c: New[string, string](6)}
	l.get(t, "aa", "bb", "cc", "aa", "bb", "cc")
	l.want(t, "aa", "bb", "cc")
	l.get(t, "aa", "dddd") // bb and cc make room
	l.get(t, "aa", "dddd")
	l.want(t, "dddd")
	l.get(t, "bb", "aa")
	l.want(t, "bb", "aa")
	l.get(t, "far too large", "far too large", "bb", "aa") // not kept, and nobody makes room for it
	l.want(t, "far too large", "far too large")
	if l.c.used != 4 || l.c.order.Len() != 2 || len(l.c.entries) != 2 {
		t.Errorf("%d used by %d entries", l.c.used, l.c.order.Len())
	}
}

// Many that ask at the same time wait for one load, and get its value or its error; an error is not kept.
func TestOneLoadForMany(t *testing.T) {
	c := New[int, int](10)
	broken := errors.New("broken")
	for round, wantErr := range []error{broken, nil} {
		var loads atomic.Int32
		begun, release := make(chan struct{}), make(chan struct{})
		load := func() (int, error) {
			if loads.Add(1) == 1 {
				close(begun)
			}
			<-release
			return 7, wantErr
		}
		var all sync.WaitGroup
		all.Go(func() { _, _ = c.Get(1, load) })
		<-begun
		for range 20 {
			all.Go(func() {
				if v, err := c.Get(1, load); v != 7 || !errors.Is(err, wantErr) {
					t.Errorf("%d, %v", v, err)
				}
			})
		}
		// They wait, or come later and load for themselves after an error: only the first is certain.
		close(release)
		all.Wait()
		if n := loads.Load(); wantErr == nil && n != 1 {
			t.Errorf("round %d: %d loads", round, n)
		}
	}
}

// A load that panics leaves nothing behind that others could take for a value.
func TestAPanicIsNotKept(t *testing.T) {
	c := New[string, *int](10)
	func() {
		defer func() { _ = recover() }()
		_, _ = c.Get("k", func() (*int, error) { panic("poison") })
	}()
	n := 1
	if got, err := c.Get("k", func() (*int, error) { return &n, nil }); got != &n || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// The cost never goes beyond the most, nor below what is there, whoever asks.
func TestManyAtOnce(t *testing.T) {
	c := New[string, string](50)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 2000 {
				key := fmt.Sprint((i*7 + j*13) % 40)
				v, err := c.GetAt(int64(j%9), key, func() (string, error) {
					if j%17 == 0 {
						return "", errors.New("now and then")
					}
					return key, nil
				})
				if err == nil && v != key {
					t.Errorf("%s: %q", key, v)
				}
			}
		})
	}
	all.Wait()
	var sum int64
	for e := c.order.Front(); e != nil; e = e.Next() {
		sum += e.Value.(*entry[string, string]).cost
	}
	if sum != c.used || c.used > c.most || c.order.Len() != len(c.entries) {
		t.Errorf("used %d, the entries' costs are %d of %d; %d in order, %d by key", c.used, sum, c.most, c.order.Len(), len(c.entries))
	}
}
