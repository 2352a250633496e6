import { runService } from '@sidecart/chassis/service';
import { createApp } from './app.js';
import { Settings } from './config.js';

await runService({ name: 'inventory', settings: Settings, createApp });
