package enqueue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
)

// What stands between the marks is docs/outbox.md's, word by word.

// outbox-begin

const schema = `CREATE TABLE herald_outbox (
	id      text PRIMARY KEY, -- of the message: Herald stores it once
	message json NOT NULL,
	fault   text              -- why Herald refused it: somebody has to look
)`

// put writes a message down, in the transaction of what it is about.
func put(ctx context.Context, tx pgx.Tx, m enqueue.Message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO herald_outbox (id, message) VALUES ($1, $2)`, m.ID, data)
	return err
}

// relay gives Herald what was written down, some hundred messages at a time, and returns how many it took. Call it again at
// once while there are some, else after a moment. Any number of processes may do so.
func relay(ctx context.Context, db *pgxpool.Pool, client *enqueue.Client) (taken int, err error) {
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT message FROM herald_outbox WHERE fault IS NULL LIMIT 200 FOR UPDATE SKIP LOCKED`)
		if err != nil {
			return err
		}
		messages, err := pgx.CollectRows(rows, pgx.RowTo[enqueue.Message])
		if err != nil {
			return err
		}
		receipts, failed := client.Messages(ctx, messages)
		var changes pgx.Batch
		for i, r := range receipts {
			var faults enqueue.Faults
			switch {
			case r.ID != "" && r.Err == nil:
				changes.Queue(`DELETE FROM herald_outbox WHERE id = $1`, messages[i].ID)
				taken++
			case errors.As(r.Err, &faults), errors.Is(r.Err, enqueue.ErrConflict):
				changes.Queue(`UPDATE herald_outbox SET fault = $2 WHERE id = $1`, messages[i].ID, r.Err.Error())
			}
		}
		if changes.Len() == 0 {
			return failed // Redis doesn't answer: all of it stays for the next call
		}
		return tx.SendBatch(ctx, &changes).Close()
	})
	if err != nil {
		return 0, err
	}
	return taken, nil
}

// outbox-end

// postgres starts a PostgreSQL server for the test, and connects to it.
func postgres(t *testing.T) *pgxpool.Pool {
	t.Helper()
	bin := ""
	if path, err := exec.LookPath("initdb"); err == nil {
		bin = filepath.Dir(path)
	} else if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 { // where Debian puts it
		bin = filepath.Dir(found[len(found)-1])
	} else {
		t.Fatal("PostgreSQL is missing: run `make deps`")
	}
	dir, err := os.MkdirTemp("", "herald-pg-") // short: the path of a socket has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // it refuses to be root
		nobody, err := user.Lookup("nobody")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(nobody.Uid)
		gid, _ := strconv.Atoi(nobody.Gid)
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	initialize := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "herald", "--auth=trust", "--no-sync", "--no-locale", "-E", "UTF8")
	initialize.SysProcAttr, initialize.Dir = as, dir
	if out, err := initialize.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off")
	server.SysProcAttr, server.Dir = as, dir
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait()
	})
	db, err := pgxpool.New(t.Context(), "host="+dir+" user=herald dbname=postgres")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	for deadline := time.Now().Add(time.Minute); db.Ping(t.Context()) != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("PostgreSQL does not start")
		}
	}
	return db
}

// What is committed is enqueued, once, whoever dies in between; what is rolled back is not.
func TestOutboxRecipe(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := postgres(t)
	client, err := enqueue.New(enqueue.Options{Redis: redistest.Start(t).Client()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if _, err := db.Exec(ctx, schema); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(ctx, `CREATE TABLE orders (id text PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	mail := func(id string) enqueue.Message {
		return enqueue.Message{
			ID: id, Channel: message.Email, From: "shop@example.com", To: "ada@example.com", Content: enqueue.Content{Text: "Thanks {{customer.firstName}}", Subject: "Your order"},
			Context: json.RawMessage(`{"customer": {"firstName": "Ada"},  "total": 12345678901234567890.10}`),
		}
	}
	errUnpaid := errors.New("unpaid")
	const orders = 450
	for i := range orders {
		err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
			id := fmt.Sprintf("order-%d", i)
			if _, err := tx.Exec(ctx, `INSERT INTO orders (id) VALUES ($1)`, id); err != nil {
				return err
			}
			if err := put(ctx, tx, mail(id)); err != nil {
				return err
			}
			if i%10 == 0 {
				return errUnpaid
			}
			return nil
		})
		if i%10 == 0 != errors.Is(err, errUnpaid) {
			t.Fatal(err)
		}
	}
	bad := mail("order-bad")
	bad.To = "nobody"
	if err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error { return put(ctx, tx, bad) }); err != nil {
		t.Fatal(err)
	}
	// One that enqueued, and died before it could say so.
	if _, err := client.Message(ctx, mail("order-7")); err != nil {
		t.Fatal(err)
	}
	var taken [3]int
	var relays sync.WaitGroup
	for i := range taken {
		relays.Go(func() {
			for {
				n, err := relay(ctx, db, client)
				if err != nil {
					t.Error(err)
				}
				if taken[i] += n; n == 0 {
					return
				}
			}
		})
	}
	relays.Wait()
	if sum := taken[0] + taken[1] + taken[2]; sum != orders*9/10 {
		t.Errorf("%v were taken, want %d together", taken, orders*9/10)
	}
	for i := range orders {
		status, err := client.MessageStatus(ctx, fmt.Sprintf("order-%d", i))
		if i%10 == 0 != errors.Is(err, enqueue.ErrNotFound) || err == nil && status.State != enqueue.Pending {
			t.Errorf("order %d: %v, %v", i, status.State, err)
		}
	}
	var left int
	var fault string
	if err := db.QueryRow(ctx, `SELECT count(*), min(fault) FROM herald_outbox`).Scan(&left, &fault); err != nil || left != 1 || !strings.Contains(fault, "nobody") {
		t.Errorf("%d are left, %q, %v", left, fault, err)
	}
}

// The documentation shows the recipe as it is tested.
func TestOutboxRecipeIsDocumented(t *testing.T) {
	code, err := os.ReadFile("outbox_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, recipe, _ := strings.Cut(string(code), "// outbox-begin\n\n")
	recipe, _, _ = strings.Cut(recipe, "\n// outbox-end\n")
	page, err := os.ReadFile("../../docs/outbox.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```go\n"+recipe+"```\n") {
		t.Error("docs/outbox.md shows another recipe than the one that is tested")
	}
}
