.PHONY: run test
run:
	npm start

test:
	npm test
