// Package recovery brings back the tasks of workers that died, within seconds, and counts the crashes of each task.
// It knows Asynq's keys, but not what the tasks are for.
package recovery
