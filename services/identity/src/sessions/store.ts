import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { REST_SECONDS, type Session } from './session.js';

/** With one more the oldest ends. */
const MAX_SESSIONS = 20;

export const sessionKey = (id: string): Key<Session> => key('session', id);
/** The ids of a person's sessions, oldest first; some may have lapsed. */
export const sessionsKey = (userId: string): Key<string[]> => key('sessions', userId);

export const putSession = (session: Session): Write => put(sessionKey(session.id), session, REST_SECONDS);

/** The writes that begin a session, and end the oldest where there are too many. */
export function openSession(docs: Docs, session: Session): Write[] {
  const ids = [...(docs.get(sessionsKey(session.userId)) ?? []), session.id];
  const ended = ids.slice(0, -MAX_SESSIONS).map((id) => remove(sessionKey(id)));
  return [putSession(session), putIds(session.userId, ids.slice(-MAX_SESSIONS)), ...ended];
}

/** The writes that end the sessions that are not in `keep`. */
export function endSessions(docs: Docs, userId: string, keep: readonly string[] = []): Write[] {
  const ids = docs.get(sessionsKey(userId)) ?? [];
  const ended = ids.filter((id) => !keep.includes(id));
  const kept = ids.filter((id) => keep.includes(id));
  return [putIds(userId, kept), ...ended.map((id) => remove(sessionKey(id)))];
}

/** The writes that end one session. */
export function endSession(docs: Docs, userId: string, id: string): Write[] {
  const ids = docs.get(sessionsKey(userId)) ?? [];
  return [
    remove(sessionKey(id)),
    putIds(
      userId,
      ids.filter((each) => each !== id),
    ),
  ];
}

/** Forgotten when the last session must have lapsed. */
const putIds = (userId: string, ids: string[]) =>
  ids.length === 0 ? remove(sessionsKey(userId)) : put(sessionsKey(userId), ids, REST_SECONDS);
