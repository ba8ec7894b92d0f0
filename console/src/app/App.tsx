import { useEffect } from 'react';

import { ChatPage } from '../pages/chat/ChatPage';
import { ConversationProvider } from '../pages/chat/use_conversation';
import { DeploymentPage } from '../pages/deployments/DeploymentPage';
import { DeploymentsPage } from '../pages/deployments/DeploymentsPage';
import { LabPage } from '../pages/lab/LabPage';
import { LibraryPage } from '../pages/library/LibraryPage';
import { PlanPage } from '../pages/plan/PlanPage';
import { PlanProvider } from '../pages/plan/use_plan';
import { SignInPage } from '../pages/signin/SignInPage';
import { TuningPage } from '../pages/tuning/TuningPage';
import { I18nProvider, useI18n } from '../i18n';
import { ApiProvider } from './api_context';
import { NoticesProvider } from './notices';
import { useRoute, type Route } from './router';
import { useSession } from './session';
import { Shell } from './Shell';

export function App() {
  return (
    <I18nProvider>
      <NoticesProvider>
        <Console />
      </NoticesProvider>
    </I18nProvider>
  );
}

function Console() {
  const session = useSession();
  const route = useRoute();
  useDocumentTitle(session.key === null ? null : route);
  if (session.key === null)
    return <SignInPage refused={session.refused} onSignIn={session.signIn} />;
  return (
    <ApiProvider apiKey={session.key} onUnauthorized={session.refuse}>
      <ConversationProvider>
        <PlanProvider>
          <Shell route={route} onSignOut={session.signOut}>
            <CurrentPage route={route} />
          </Shell>
        </PlanProvider>
      </ConversationProvider>
    </ApiProvider>
  );
}

function CurrentPage({ route }: { route: Route }) {
  if (route.page === 'chat') return <ChatPage name={route.name} />;
  if (route.page === 'library') return <LibraryPage />;
  if (route.page === 'plan') return <PlanPage />;
  if (route.page === 'tuning') return <TuningPage id={route.name} />;
  if (route.page === 'lab') return <LabPage id={route.name} />;
  if (route.name !== '') return <DeploymentPage key={route.name} name={route.name} />;
  return <DeploymentsPage />;
}

function useDocumentTitle(route: Route | null) {
  const { t } = useI18n();
  const page = route === null ? t('signin.submit') : t(`app.${route.page}`);
  const title = [route?.name, page, 'Redline'].filter(Boolean).join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
}
