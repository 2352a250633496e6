import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { IDLE_SECONDS, type Session } from './session.js';

const MAX_SESSIONS = 20;

export const sessionKey = (id: string): Key<Session> => key('session', id);
/** The ids of a person's sessions, oldest first. Some may have expired. */
export const sessionsKey = (userId: string): Key<string[]> => key('sessions', userId);

export const putSession = (session: Session): Write => put(sessionKey(session.id), session, IDLE_SECONDS);

/** Returns the writes that start a session, and end the oldest if there are too many. */
export function openSession(docs: Docs, session: Session): Write[] {
  const ids = [...(docs.get(sessionsKey(session.userId)) ?? []), session.id];
  const ended = ids.slice(0, -MAX_SESSIONS).map((id) => remove(sessionKey(id)));
  return [putSession(session), putIds(session.userId, ids.slice(-MAX_SESSIONS)), ...ended];
}

/** Returns the writes that end a person's sessions, except those in `keep`. */
export function endSessions(docs: Docs, userId: string, keep: readonly string[] = []): Write[] {
  const ids = docs.get(sessionsKey(userId)) ?? [];
  const ended = ids.filter((id) => !keep.includes(id));
  const kept = ids.filter((id) => keep.includes(id));
  return [putIds(userId, kept), ...ended.map((id) => remove(sessionKey(id)))];
}

/** Returns the writes that end one session. */
export function endSession(docs: Docs, userId: string, id: string): Write[] {
  const others = (docs.get(sessionsKey(userId)) ?? []).filter((each) => each !== id);
  return [remove(sessionKey(id)), putIds(userId, others)];
}

/** The list expires once its last session must have. */
const putIds = (userId: string, ids: string[]) =>
  ids.length === 0 ? remove(sessionsKey(userId)) : put(sessionsKey(userId), ids, IDLE_SECONDS);
