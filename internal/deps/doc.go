// Package deps holds no code: its test enforces which packages may import which, and gives the reason with each
// refusal. The same rules stand in .golangci.yml as far as a linter can see them, to be shown in editors.
package deps
