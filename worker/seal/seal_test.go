package seal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

// key is one as settings hold it.
func key(id string) string {
	k := make([]byte, keyBytes)
	_, _ = rand.Read(k)
	return id + ":" + base64.StdEncoding.EncodeToString(k)
}

func ring(t testing.TB, keys ...string) *Ring {
	t.Helper()
	r, err := Parse(strings.Join(keys, ","))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParse(t *testing.T) {
	good, other := key("k1"), key("k2")
	for name, text := range map[string]string{
		"no id": strings.TrimPrefix(good, "k1"), "capital id": strings.ToUpper(good[:2]) + good[2:], "long id": "abcdefghijklmnopq" + good[2:],
		"short key": "k1:" + base64.StdEncoding.EncodeToString(make([]byte, 16)), "no base64": "k1:" + strings.Repeat("!", 44), "twice": good + "," + good,
		"off alone": Off, "off behind": good + "," + Off, "off as id": Off + good[2:], "empty key": "k1:", "words": "secret",
	} {
		if r, err := Parse(text); err == nil {
			t.Errorf("%s: %+v", name, r)
		} else if _, secret, _ := strings.Cut(good, ":"); strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
	if r, err := Parse(" \n"); r != nil || err != nil {
		t.Errorf("no keys: %v, %v", r, err)
	}
	if r := ring(t, good, other); r.active != "k1" || !r.Seals() || len(r.keys) != 2 {
		t.Errorf("%+v", r)
	}
	if r := ring(t, Off, good+"\n"+other+"\n"); r.Seals() || len(r.keys) != 2 {
		t.Errorf("off: %+v", r)
	}
}

// sizes of content around the borders of segments.
var sizes = []int{0, 1, 15, 16, 17, 1000, segment - 1, segment, segment + 1, 2*segment - 1, 2 * segment, 3*segment + 7}

func TestSealAndOpen(t *testing.T) {
	one, two := key("k1"), key("second_key-16-xx")
	r, both := ring(t, one), ring(t, two, one)
	for _, size := range sizes {
		data := bytes.Repeat([]byte("Ada Berger "), size/11+1)[:size]
		for name, from := range map[string]*Ring{"first": r, "other": both} {
			value := from.Seal(data)
			if size > 10 && bytes.Contains(value, []byte("Ada Berger")) {
				t.Fatalf("%d bytes by %s: the content shows", size, name)
			}
			if again := from.Seal(data); bytes.Equal(again, value) {
				t.Errorf("%d bytes by %s: the same content gives the same bytes", size, name)
			}
			got, err := both.Open(value)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes by %s: %d bytes, %v", size, name, len(got), err)
			}
			if n := Size(value[:min(len(value), HeadMax)], int64(len(value))); n != int64(size) {
				t.Errorf("%d bytes by %s: Size %d", size, name, n)
			}
		}
		if got, err := r.Open(data); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes in clear: %v", size, err)
		}
		if n := Size(data[:min(len(data), HeadMax)], int64(size)); n != int64(size) {
			t.Errorf("%d bytes in clear: Size %d", size, n)
		}
	}
	if value := ring(t, Off, one).Seal([]byte("x")); string(value) != "x" {
		t.Errorf("off seals: %q", value)
	}
	if value := (*Ring)(nil).Seal([]byte("x")); string(value) != "x" {
		t.Errorf("no keys seal: %q", value)
	}
}

// No changed, cut, lengthened or mixed value is opened.
func TestForgedValues(t *testing.T) {
	one := key("k1")
	r := ring(t, one)
	value := r.Seal(bytes.Repeat([]byte("x"), 2*segment+100))
	p, err := r.Parts(value[:HeadMax], int64(len(value)))
	if err != nil {
		t.Fatal(err)
	}
	part := func(n int) []byte { a, b := p.Bytes(n); return value[a:b] }
	head := value[:p.head]
	forged := map[string][]byte{
		"last segment gone": bytes.Join([][]byte{head, part(0), part(1)}, nil), "first segment gone": bytes.Join([][]byte{head, part(1), part(2)}, nil),
		"changed order": bytes.Join([][]byte{head, part(1), part(0), part(2)}, nil), "a segment twice": bytes.Join([][]byte{head, part(0), part(0), part(1), part(2)}, nil),
		"longer": append(bytes.Clone(value), 0), "cut": value[:len(value)-1], "head alone": head, "empty last": bytes.Join([][]byte{head, part(0), part(1), part(2)[:0]}, nil),
		"of another value": bytes.Join([][]byte{r.Seal(nil)[:p.head], part(0), part(1), part(2)}, nil),
	}
	for at := len(magic); at < len(value); at += 1 + at/3 {
		changed := bytes.Clone(value)
		changed[at] ^= 1
		forged[fmt.Sprint("byte ", at)] = changed
	}
	for name, v := range forged {
		got, err := r.Open(v)
		var k *KeyError
		if !errors.As(err, &k) && !(err == nil && bytes.Equal(got, v)) { // a broken head is no sealed value any more
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	for name, other := range map[string]*Ring{"another key": ring(t, key("k1")), "without it": ring(t, key("k2")), "no keys": nil} {
		var k *KeyError
		if _, err := other.Open(value); !errors.As(err, &k) || k.Missing != (name != "another key") || k.ID != "k1" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// client is one on a server, with keys.
func client(t testing.TB, s *redistest.Server, r *Ring) redis.UniversalClient {
	rdb := s.Client()
	Use(rdb, r)
	return rdb
}

func TestHook(t *testing.T) {
	ctx, server := context.Background(), redistest.Start(t)
	raw := server.Client()
	one := key("k1")
	rdb := client(t, server, ring(t, one))
	secret := "Ada Berger"
	for name, write := range map[string]func(to redis.Cmdable) error{
		"set":   func(to redis.Cmdable) error { return to.Set(ctx, "set", Private(secret), 0).Err() },
		"hset":  func(to redis.Cmdable) error { return to.HSet(ctx, "hset", "a", Private(secret), "b", "clear").Err() },
		"rpush": func(to redis.Cmdable) error { return to.RPush(ctx, "rpush", Behind{"12 ", []byte(secret)}).Err() },
		"eval": func(to redis.Cmdable) error {
			return to.Eval(ctx, "return redis.call('SET', KEYS[1], ARGV[1])", []string{"eval"}, Private(secret)).Err()
		},
		"asynq": func(to redis.Cmdable) error {
			return to.Eval(ctx, "return redis.call('HSET', KEYS[1], 'msg', ARGV[1])", []string{"asynq:{x}:t:1"}, []byte(secret)).Err()
		},
		"context": func(to redis.Cmdable) error { return to.SetArgs(ctx, "args", Private(secret), redis.SetArgs{}).Err() },
	} {
		if err := write(rdb); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		pipe := rdb.TxPipeline()
		_ = write(pipe)
		if _, err := pipe.Exec(ctx); err != nil {
			t.Errorf("%s in a pipeline: %v", name, err)
		}
	}
	if found := server.Contains(t, secret); len(found) > 0 {
		t.Errorf("in clear: %q", found)
	}
	pipe := rdb.Pipeline()
	get, all, list := pipe.Get(ctx, "set"), pipe.HGetAll(ctx, "hset"), pipe.LRange(ctx, "rpush", 0, -1)
	some, nested := pipe.HMGet(ctx, "hset", "b", "a", "none"), pipe.Eval(ctx, "return {1, {redis.call('GET', KEYS[1])}}", []string{"eval"})
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(get.Val(), all.Val(), list.Val(), some.Val(), nested.Val())
	if want := "Ada Berger map[a:Ada Berger b:clear] [12 Ada Berger 12 Ada Berger] [clear Ada Berger <nil>] [1 [Ada Berger]]\n"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if v, err := rdb.Eval(ctx, "return redis.call('GET', KEYS[1])", []string{"eval"}).Text(); err != nil || v != secret {
		t.Error(v, err)
	}
	// Values in clear are read as they are, by everyone.
	if err := raw.Set(ctx, "old", secret, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if v, err := rdb.Get(ctx, "old").Result(); err != nil || v != secret {
		t.Error(v, err)
	}
	// Another key, or none, is an error, not other bytes; a task that can't be read stays as it is, and is parked.
	for name, other := range map[string]*Ring{"another": ring(t, key("k1")), "none": nil} {
		rdb := client(t, server, other)
		var k *KeyError
		if v, err := rdb.Get(ctx, "set").Result(); !errors.As(err, &k) {
			t.Errorf("%s: %q, %v", name, v, err)
		}
		pipe := rdb.Pipeline()
		old, sealed := pipe.Get(ctx, "old"), pipe.HGetAll(ctx, "hset")
		if _, err := pipe.Exec(ctx); !errors.As(err, &k) || old.Val() != secret || !errors.As(sealed.Err(), &k) {
			t.Errorf("%s in a pipeline: %v, %v, %v", name, err, old, sealed)
		}
		if v, err := rdb.HGet(ctx, "asynq:{x}:t:1", "msg").Result(); err != nil || !strings.HasPrefix(v, magic) {
			t.Errorf("%s: a task: %q, %v", name, v, err)
		}
	}
}

// Parts of long values are read alone.
func TestRanges(t *testing.T) {
	ctx, server := context.Background(), redistest.Start(t)
	rdb := client(t, server, ring(t, key("k1")))
	for _, size := range sizes {
		data := make([]byte, size)
		_, _ = rand.Read(data)
		for name, value := range map[string]any{"sealed": Private(data), "clear": data} {
			if err := rdb.Set(ctx, name, value, 0).Err(); err != nil {
				t.Fatal(err)
			}
			for _, r := range [][2]int{{0, 0}, {0, size}, {0, segment - 1}, {segment - 1, segment}, {segment, segment + 5}, {size - 1, size + 10}, {size, size + 1}, {7, 3 * segment}} {
				from, to := max(0, r[0]), r[1]
				want := data[min(from, size):min(to+1, size)]
				if got, err := rdb.GetRange(ctx, name, int64(from), int64(to)).Bytes(); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes %s, %d to %d: %d bytes, want %d, %v", size, name, from, to, len(got), len(want), err)
				}
			}
		}
	}
}

func TestEnter(t *testing.T) {
	ctx := context.Background()
	server := redistest.Start(t)
	rdb := server.Client()
	one, two := key("k1"), key("k2")
	const keep = 48 * time.Hour
	enter := func(what string, r *Ring, want string) {
		t.Helper()
		err := r.Enter(ctx, rdb, keep)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	enter("no keys, nothing sealed", nil, "")
	enter("keys that do not seal yet", ring(t, Off, one), "")
	enter("still no keys", nil, "")
	enter("the first key", ring(t, one), "")
	enter("no keys any more", nil, `"k1", which HERALD_DATA_KEYS does not have`)
	enter("another key under the same id", ring(t, key("k1")), "it is another key")
	enter("the second key alone", ring(t, two), "the one that other processes seal with")
	enter("the second key before the first", ring(t, two, one), "")
	enter("the first one gone too early", ring(t, two), "is kept until "+time.Now().Add(keep).UTC().Format(time.DateOnly))
	// Its data has ended.
	if err := rdb.HSet(ctx, retiredKey, "k1", time.Now().Add(-keep-time.Hour).Unix()).Err(); err != nil {
		t.Fatal(err)
	}
	enter("the first one gone in time", ring(t, two), "")
	enter("its id may be used again", ring(t, key("k1"), two), "")
}

func BenchmarkSeal(b *testing.B) {
	r := ring(b, key("k1"))
	for _, size := range []int{1 << 10, 20 << 10, 5 << 20} {
		data := make([]byte, size)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := r.Open(r.Seal(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
