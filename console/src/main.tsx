import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './app/App';
import { takeKeyFromAddress } from './app/session';
import './styles/tokens.css';
import './styles/base.css';
import './styles/components.css';
import './styles/shell.css';
import './styles/library.css';
import './styles/deployments.css';
import './styles/chat.css';
import './styles/plan.css';
import './styles/lab.css';

takeKeyFromAddress();
const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
