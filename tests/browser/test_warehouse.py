"""A dish of one's own goes to the warehouse, and from there to somebody else's daemon; nobody's space is another's."""

from platform_under_test import until

DAY_THREE = "/courses/sarafa-bazaar/day-3/"


def test_what_one_learner_pushes_another_pulls_and_runs(two):
    alice, charlie = two
    alice.page.goto(alice.platform.url + DAY_THREE)
    alice.wait_for_prompt()
    alice.run("mkdir -p dish")
    alice.run("echo 'FROM warehouse:5000/sarafa/poha' > dish/Dockerfile")
    alice.run('echo \'CMD ["echo", "sabudana", "khichdi"]\' >> dish/Dockerfile')
    alice.run("docker build -q -t khichdi dish", seconds=60)
    alice.run("docker tag khichdi warehouse:5000/$LEARNER/khichdi")
    assert "digest: sha256:" in alice.run("docker push warehouse:5000/$LEARNER/khichdi", seconds=60)

    hers, his = (learner.run("echo $LEARNER").split()[0] for learner in two)
    assert "sabudana khichdi" in charlie.run(f"docker run --rm warehouse:5000/{hers}/khichdi", seconds=60)

    alice.run(f"docker tag khichdi warehouse:5000/{his}/khichdi")
    refused = alice.run(f"docker push warehouse:5000/{his}/khichdi", seconds=60)
    assert "denied: This is not a place of yours." in " ".join(refused.split())
    assert "not found" in charlie.run(f"docker pull warehouse:5000/{his}/khichdi", seconds=60)


def test_the_page_shows_what_the_customer_in_rajwada_was_served(arrive):
    alice = arrive()
    alice.start()
    alice.run("docker pull -q warehouse:5000/sarafa/garadu")
    alice.run("docker tag warehouse:5000/sarafa/garadu warehouse:5000/$LEARNER/garadu")
    alice.run("docker push -q warehouse:5000/$LEARNER/garadu")
    slip = alice.page.get_by_test_id("served")
    # A kitchen of his own may have to be opened for him first.
    until(lambda: "GARADU" in (slip.text_content() or ""), 45, "what the customer got")
    assert "/garadu" in (slip.text_content() or "")
    until(lambda: alice.is_done("customer-in-rajwada"), 5, "the tick")
    assert alice.page.locator('[data-step="5"].is-lit').count() == 1

    alice.page.reload()
    until(lambda: "GARADU" in (slip.text_content() or ""), 20, "what the customer got, after a reload")
