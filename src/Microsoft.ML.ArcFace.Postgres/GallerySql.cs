using System.Globalization;

namespace Microsoft.ML.ArcFace.Postgres;

/// <summary>The statements of one gallery. Names are of checked letters, sizes are numbers; everything else is a parameter.</summary>
internal sealed class GallerySql(PostgresGalleryOptions options, int embeddingSize)
{
    // pgvector's indexes take halves of twice as many numbers as they take floats, and half as much memory.
    private readonly string _half = string.Create(CultureInfo.InvariantCulture, $"halfvec({embeddingSize})");

    private string Schema => options.Schema;

    public string Create => string.Create(CultureInfo.InvariantCulture, $"""
        CREATE SCHEMA IF NOT EXISTS {Schema};
        CREATE TABLE IF NOT EXISTS {Schema}.gallery (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            fingerprint text NOT NULL, embedding_size integer NOT NULL, vector_count integer NOT NULL);
        CREATE TABLE IF NOT EXISTS {Schema}.person (id text PRIMARY KEY, name text NOT NULL);
        CREATE TABLE IF NOT EXISTS {Schema}.photograph (
            id text PRIMARY KEY, person text NOT NULL REFERENCES {Schema}.person, source text, enrolled_at timestamptz NOT NULL,
            embedding vector({embeddingSize}) NOT NULL);
        CREATE INDEX IF NOT EXISTS photograph_person ON {Schema}.photograph (person);
        CREATE INDEX IF NOT EXISTS photograph_embedding ON {Schema}.photograph
            USING hnsw ((embedding::{_half}) halfvec_ip_ops) WITH (m = {options.IndexNeighborCount}, ef_construction = {options.IndexCandidateCount});
        """);

    public string AddHeader => $"INSERT INTO {Schema}.gallery (fingerprint, embedding_size, vector_count) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";

    public string Header => $"SELECT fingerprint, embedding_size FROM {Schema}.gallery";

    public string Exists => "SELECT to_regclass($1) IS NOT NULL";

    public string HeaderTable => $"{Schema}.gallery";

    public string Count => $"SELECT vector_count FROM {Schema}.gallery";

    public string ChangeCount => $"UPDATE {Schema}.gallery SET vector_count = vector_count + $1";

    public string AddPerson => $"INSERT INTO {Schema}.person (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING name, xmax = 0 AS is_new";

    public string VectorsOf => $"SELECT id, source, enrolled_at, embedding FROM {Schema}.photograph WHERE person = $1 ORDER BY id";

    public string AddPhotograph => $"INSERT INTO {Schema}.photograph (id, person, source, enrolled_at, embedding) VALUES ($1, $2, $3, $4, $5)";

    public string Rename => $"UPDATE {Schema}.person SET name = $2 WHERE id = $1";

    public string LockPerson => $"SELECT id FROM {Schema}.person WHERE id = $1 FOR UPDATE";

    public string RemovePhotographsOf => $"DELETE FROM {Schema}.photograph WHERE person = $1";

    public string RemovePerson => $"DELETE FROM {Schema}.person WHERE id = $1";

    public string LockPersonOf => $"SELECT person.id FROM {Schema}.person JOIN {Schema}.photograph ON photograph.person = person.id WHERE photograph.id = $1 FOR UPDATE OF person";

    public string RemovePhotograph => $"DELETE FROM {Schema}.photograph WHERE id = $1";

    public string RemoveIfEmpty => $"DELETE FROM {Schema}.person WHERE id = $1 AND NOT EXISTS (SELECT FROM {Schema}.photograph WHERE person = $1)";

    /// <summary>Everybody with their photographs, one person after the other.</summary>
    public string People => $"""
        SELECT person.name, photograph.id, source, enrolled_at, person.id FROM {Schema}.person JOIN {Schema}.photograph ON photograph.person = person.id
        ORDER BY person.id, photograph.id
        """;

    public string PhotographsOf => $"""
        SELECT person.name, photograph.id, source, enrolled_at FROM {Schema}.person JOIN {Schema}.photograph ON photograph.person = person.id
        WHERE person.id = $1 ORDER BY photograph.id
        """;

    /// <summary>The photographs nearest to $1, $2 of them.</summary>
    public string Nearest => $"""
        SELECT found.person, person.name, found.id, found.source, found.enrolled_at, found.embedding
        FROM (SELECT id, person, source, enrolled_at, embedding FROM {Schema}.photograph ORDER BY embedding::{_half} <#> $1::{_half} LIMIT $2) AS found
        JOIN {Schema}.person ON person.id = found.person
        """;

    /// <summary>Settings of the search's own transaction: through the index, as far as it takes, or past it.</summary>
    public string Settings(bool isExact, int candidates) => isExact
        ? "SET LOCAL enable_indexscan = off"
        : string.Create(CultureInfo.InvariantCulture, $"SET LOCAL hnsw.ef_search = {Math.Min(candidates, 1000)}; SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL enable_seqscan = off");
}
