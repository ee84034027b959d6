#!/bin/bash
# What a learner may do with Docker, tried as the learner inside a sandbox. One line for each: ok or FAIL, and its name.
# The images come from the warehouse; they hold busybox. One, `registry`, is the warehouse's own image: it is stocked for
# this script, and is a registry of the learner's own to push to (the warehouse wants a name). The last line counts.
# No `grep -q` in a pipe: it would leave early, and what feeds it would fail.
set -u
export DOCKER_CLI_HINTS=false
image=warehouse:5000/sarafa/poha
work=$(mktemp -d)
cd "$work" || exit 1
tried=0 failed=0

try() { # name, commands; a failing command, also inside a pipe, is a failure
    local name=$1
    shift
    tried=$((tried + 1))
    if timeout "${PATIENCE:-60}" bash -c "set -eo pipefail; image=$image; $*" > output 2>&1; then
        echo "ok   $name"
    else
        failed=$((failed + 1))
        echo "FAIL $name: $(tail -c 300 output | tr '\n' ' ')"
    fi
}

cat > Dockerfile <<'EOF'
FROM warehouse:5000/sarafa/poha
RUN echo built > /made
COPY note /note
USER 1234
RUN test "$(id -u)" = 1234 && cat /note
CMD ["cat", "/made"]
EOF
cat > Dockerfile.stages <<'EOF'
FROM warehouse:5000/sarafa/poha AS first
RUN --mount=type=cache,target=/cache echo kept > /cache/it && cp /cache/it /it
FROM warehouse:5000/sarafa/poha
COPY --from=first /it /it
EOF
cat > Dockerfile.cache <<'EOF'
FROM warehouse:5000/sarafa/poha
ARG TIME
RUN --mount=type=cache,id=times,target=/cache echo $TIME >> /cache/it && wc -l < /cache/it > /times
EOF
cat > compose.yaml <<'EOF'
services:
  stall:
    image: warehouse:5000/sarafa/jalebi
    command: open
    ports: ["8081:80"]
    healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], interval: 1s}
  guest:
    image: warehouse:5000/sarafa/poha
    command: sh -c "wget -qO- http://stall/ && sleep 60"
    depends_on: {stall: {condition: service_healthy}}
    volumes: ["plates:/plates"]
volumes: {plates: {}}
EOF
echo context > note

try info 'docker info'
try pull 'docker pull $image'
try save 'docker save $image -o image.tar'
try load 'docker rmi $image; docker load -i image.tar; docker image inspect $image'
try run 'docker run --rm $image echo hi | grep -x hi'
try run-terminal 'script -qec "docker run --rm -it $image tty" /dev/null | grep /dev/pts'
try run-detached 'docker run -d --name one $image sh -c "echo started; exec sleep 300"'
try exec 'docker exec one id | grep uid=0'
try exec-terminal 'script -qec "docker exec -it one tty" /dev/null | grep /dev/pts'
try logs 'for i in 1 2 3 4 5 6 7 8 9; do docker logs one | grep started && break; sleep 0.1; done; docker logs one | grep started'
try top 'docker top one | grep sleep'
try stats 'docker stats --no-stream one'
try stats-count-memory 'docker stats --no-stream --format "{{.MemUsage}}" one | grep -v "^0B"'
try pause 'docker pause one; docker inspect -f "{{.State.Paused}}" one | grep -x true; docker unpause one'
try copy 'docker cp note one:/tmp/note; docker exec one cat /tmp/note | grep -x context'
try diff 'docker diff one | grep /tmp/note'
try commit 'docker commit one kept:1; docker run --rm kept:1 cat /tmp/note | grep -x context'
try update 'docker update -m 48m --memory-swap 48m one; docker inspect -f "{{.HostConfig.Memory}}" one | grep -x 50331648'
try rename 'docker rename one two; docker rename two one'
try export-and-import 'docker export one | docker import - flat:1; docker run --rm flat:1 cat /tmp/note | grep -x context'
try stop 'docker stop -t 1 one; docker rm one'
try kill-and-wait 'docker run -d --name short $image sleep 60; docker kill short; docker wait short | grep -x 137; docker rm short'
try volume 'docker volume create jar; docker run --rm -v jar:/d $image sh -c "echo q > /d/a"; docker run --rm -v jar:/d $image cat /d/a | grep -x q'
try bind-mount 'mkdir -p b; echo bound > b/x; docker run --rm -v $PWD/b:/b $image cat /b/x | grep -x bound'
try tmpfs 'docker run --rm --tmpfs /t:size=1m $image df /t | grep tmpfs'
try network 'docker network create lane; docker run -d --name web --network lane warehouse:5000/sarafa/jalebi open; sleep 0.5; docker run --rm --network lane $image wget -qO- http://web/ | grep JALEBI'
try ping 'docker run --rm --network lane $image ping -c1 web'
try publish 'docker run -d --name web2 -p 8080:80 warehouse:5000/sarafa/jalebi open; sleep 0.5; curl -fsS http://127.0.0.1:8080/ | grep JALEBI'
try direct-address 'curl -m 3 -fsS http://$(docker inspect -f "{{.NetworkSettings.IPAddress}}" web2)/ | grep JALEBI'
try host-network 'docker run --rm --network host $image ip a | grep docker0'
try host-processes 'docker run --rm --pid host $image ps | grep dockerd'
try memory-limit 'docker run --rm -m 32m $image sh -c "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true" | grep -x 33554432'
try out-of-memory 'docker run --name greedy -m 32m $image sh -c "tail /dev/zero" && exit 1; docker inspect -f "{{.State.OOMKilled}}" greedy | grep -x true; docker rm greedy'
try process-limit '(docker run --rm --pids-limit 5 $image sh -c "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait" 2>&1 || true) | grep fork'
try cpus 'docker run --rm --cpus 0.5 $image sh -c "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null; true" | grep -E "^50000( |$)"'
try read-only 'docker run --rm --read-only $image touch /x && exit 1; docker run --rm --read-only $image true'
try user 'docker run --rm -u 65534 $image id -u | grep -x 65534'
try capabilities 'docker run --rm --cap-drop ALL $image grep "CapEff:.*0000000000000000" /proc/self/status'
try privileged 'docker run --rm --privileged $image true'
try init 'docker run --rm --init $image ps | grep docker-init'
try health 'docker run -d --name fit --health-cmd true --health-interval 1s $image sleep 60; for i in 1 2 3 4 5 6 7 8; do sleep 1; docker inspect -f "{{.State.Health.Status}}" fit | grep -x healthy && break; done; docker inspect -f "{{.State.Health.Status}}" fit | grep -x healthy; docker rm -f fit'
try unhealthy 'docker run -d --name ill --health-cmd false --health-interval 1s --health-retries 1 $image sleep 60; for i in 1 2 3 4 5 6 7 8; do sleep 1; docker inspect -f "{{.State.Health.Status}}" ill | grep -x unhealthy && break; done; docker inspect -f "{{.State.Health.Status}}" ill | grep -x unhealthy; docker rm -f ill'
try build-legacy 'DOCKER_BUILDKIT=0 docker build -t built:1 .; docker run --rm built:1 | grep -x built'
try build-buildkit 'DOCKER_BUILDKIT=1 docker build --progress plain -t built:2 .; docker run --rm built:2 | grep -x built'
try build-in-stages 'docker build --progress plain -f Dockerfile.stages -t built:3 .; docker run --rm built:3 cat /it | grep -x kept'
try build-with-cache-mount 'for time in 1 2; do docker build --build-arg TIME=$time -f Dockerfile.cache -t built:4 .; done; docker run --rm built:4 cat /times | grep -x 2'
try push 'docker run -d --name shelf -p 5001:5000 warehouse:5000/sarafa/registry docker-registry serve /etc/warehouse/stock.yml; for i in 1 2 3 4 5 6 7 8 9; do curl -fsS http://127.0.0.1:5001/v2/ && break; sleep 0.3; done; docker tag built:2 127.0.0.1:5001/mine/dish:1; docker push 127.0.0.1:5001/mine/dish:1; curl -fsS http://127.0.0.1:5001/v2/mine/dish/tags/list | grep mine/dish'
try pull-what-was-pushed 'docker rmi 127.0.0.1:5001/mine/dish:1 built:2; docker run --rm 127.0.0.1:5001/mine/dish:1 | grep -x built; docker rm -f shelf'
try compose-up 'docker compose -p bazaar up -d; for i in 1 2 3 4 5 6 7 8 9; do docker compose -p bazaar logs guest | grep JALEBI && break; sleep 0.5; done; docker compose -p bazaar logs guest | grep JALEBI; curl -fsS http://127.0.0.1:8081/ | grep JALEBI'
try compose-down 'docker compose -p bazaar down -v'
try events 'since=$(date +%s); docker run --rm $image true; docker events --since $since --until $(($(date +%s) + 1)) > seen; grep "container start" seen'
try restart-policy 'docker run -d --name again --restart always $image sh -c "sleep 0.5; exit 1"; for i in 1 2 3 4 5 6 7 8; do sleep 1; test "$(docker inspect -f "{{.RestartCount}}" again)" -ge 1 && break; done; test "$(docker inspect -f "{{.RestartCount}}" again)" -ge 1; docker rm -f again'
try restart-on-failure 'docker run -d --name thrice --restart on-failure:2 $image false; for i in 1 2 3 4 5 6 7 8; do sleep 1; test "$(docker inspect -f "{{.RestartCount}} {{.State.Running}}" thrice)" = "2 false" && break; done; test "$(docker inspect -f "{{.RestartCount}} {{.State.Running}}" thrice)" = "2 false"; docker rm thrice'
try networks-apart 'docker network create east; docker network create west; docker run -d --name far --network east warehouse:5000/sarafa/jalebi open; sleep 0.5; docker run --rm --network west $image timeout 2 wget -qO- http://far/ && exit 1; docker network connect west far; docker run --rm --network west $image wget -qO- http://far/ | grep JALEBI; docker rm -f far; docker network rm east west'
try internal-network 'docker network create --internal yard; docker run --rm --network yard $image true; docker network rm yard'
try tag-and-untag 'docker tag $image mine/dish:1; docker rmi mine/dish:1'
try prune 'docker rm -f $(docker ps -aq); docker system prune -af --volumes; test -z "$(docker images -q)"'

cd / && rm -rf "$work"
echo "$((tried - failed)) of $tried"
[ "$failed" = 0 ]
