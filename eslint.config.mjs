// One configuration for everything in JavaScript and TypeScript: the sources with types, the rest without.
import tseslint from 'typescript-eslint'

const sources = ['bindings-node/ts/**/*.ts']

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'target/**',
      '.venv/**',
      'codegen/tests/fixtures/**',
      'bindings-python/**',
    ],
  },
  {
    files: sources,
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: './bindings-node/tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Families of operations and the addon are loaded at first use: a program pays for what it touches.
      '@typescript-eslint/no-require-imports': 'off',
      // A type parameter that only an answer uses is how a caller of an untyped path says what comes back.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // RateLimit is a type and its constructors, like the built-in Promise.
      '@typescript-eslint/no-redeclare': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}', 'tests/**/*.ts'],
    extends: [tseslint.configs.recommended],
    rules: { '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }] },
  },
)
