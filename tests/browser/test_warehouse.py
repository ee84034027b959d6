"""A dish of one's own goes to the warehouse, and from there to somebody else's daemon; nobody's space is another's."""

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
