module github.com/keyward/identity

go 1.26
