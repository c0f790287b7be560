using Microsoft.ML.ArcFace.Postgres;
using Microsoft.ML.ArcFace.Tests.Gallery;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>Galleries in the PostgreSQL that build/integration.sh starts; each test has a schema of its own.</summary>
[TestClass]
[RequiresIntegration($"{IntegrationFiles.FromOthers}/{Connection}")]
public class PostgresGalleryTests
{
    private const string Connection = "postgres.connection";

    private static string ConnectionString => File.ReadAllText(IntegrationFiles.Read(Connection)).Trim();

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Gallery_InPostgres_DoesWhatEveryGalleryDoes(bool exactly)
    {
        await using PostgresFaceGallery gallery = await OpenAsync($"contract_{exactly}", options => options with { SearchExactly = exactly });
        await GalleryContract.CheckAsync(gallery);
    }

    [TestMethod]
    public async Task Gallery_OfAModelOfTheLibrary_TakesItsEmbeddingsAlone() =>
        await GalleryOfAModel.CheckAsync(async model => await PostgresFaceGallery.OpenAsync(ConnectionString, model, new PostgresGalleryOptions { Schema = "of_a_model", CosineThreshold = 0.5 }));

    [TestMethod]
    public async Task MeasureRecall_ProbesThatSayNoModelOrAnother_AreRefused()
    {
        FaceGalleryModel model = TestModel with { AcceptsBareVectors = false };
        await using PostgresFaceGallery gallery = await PostgresFaceGallery.OpenAsync(ConnectionString, model, new PostgresGalleryOptions { Schema = "probes", CosineThreshold = 0.5 });
        await gallery.EnrollAsync([new FaceToEnroll("ada", model.Embedding(At(0)))]);
        Assert.AreEqual(1, (await gallery.MeasureRecallAsync([model.Embedding(At(1))])).FirstRecall);
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => gallery.MeasureRecallAsync([At(1)]));
        Assert.AreEqual(FaceGalleryProblem.OtherModel, (await Assert.ThrowsExactlyAsync<FaceGalleryException>(() => gallery.MeasureRecallAsync([new FaceEmbedding(At(1), "another")]))).Problem);
    }

    [TestMethod]
    public async Task Search_ByTheIndex_FindsAlmostAllThatAnExactSearchFinds()
    {
        // 800 people of 5 photographs: directions with a spread, as embeddings of people have.
        const int people = 800, photographs = 5;
        var random = new Random(1);
        await using PostgresFaceGallery gallery = await OpenAsync("recall", options => options with { CandidateCount = 100 });
        float[][] directions = [.. Enumerable.Range(0, people).Select(_ => GalleryVectors.Random(random))];
        await gallery.EnrollAsync([.. directions.SelectMany((direction, person) => Enumerable.Range(0, photographs).Select(_ => new FaceToEnroll($"{person}", Near(direction, random))))]);
        Assert.AreEqual(people * photographs, await gallery.CountVectorsAsync());

        float[][] probes = [.. directions.Take(50).Select(direction => Near(direction, random))];
        SearchRecall recall = await gallery.MeasureRecallAsync(probes, count: 10);
        Console.WriteLine(recall);
        Assert.AreEqual((50, 10), (recall.ProbeCount, recall.Count));
        Assert.IsGreaterThan(0.95, recall.Recall);
        Assert.IsGreaterThan(0.97, recall.FirstRecall);

        // The scores are exact, whatever precision the index has: those of a gallery in memory.
        using FaceGallery memory = Open();
        memory.Enroll([.. directions.Take(50).Select((direction, person) => new FaceToEnroll($"{person}", direction))]);
        await using PostgresFaceGallery same = await OpenAsync("same_scores", options => options);
        await same.EnrollAsync([.. directions.Take(50).Select((direction, person) => new FaceToEnroll($"{person}", direction))]);
        foreach (float[] probe in probes)
        {
            FaceCandidate expected = memory.Search(probe)[0], found = (await same.SearchAsync(probe))[0];
            Assert.AreEqual(expected.PersonId, found.PersonId);
            Assert.AreEqual(expected.Score, found.Score, 1e-6);
        }
    }

    [TestMethod]
    public async Task Changes_FromTwoSides_CountEveryPhotographOnce()
    {
        await using PostgresFaceGallery one = await OpenAsync("two_sides", options => options), other = await OpenAsync("two_sides", options => options);
        await Task.WhenAll(WorkAsync(one, 0), WorkAsync(other, 1), WorkAsync(one, 2), WorkAsync(other, 3));
        int expected = 0;
        foreach (string person in new[] { "0", "1", "2" })
        {
            expected += (await one.FindAsync(person))?.Photographs.Count ?? 0;
        }

        Assert.AreEqual(expected, await other.CountVectorsAsync());

        static async Task WorkAsync(PostgresFaceGallery gallery, int seed)
        {
            var random = new Random(seed);
            for (int i = 0; i < 400; i++)
            {
                string person = $"{random.Next(3)}";
                if (random.Next(2) == 0)
                {
                    await gallery.RemoveAsync(person);
                }
                else
                {
                    await gallery.EnrollAsync([new FaceToEnroll(person, GalleryVectors.Random(random)), new FaceToEnroll($"{random.Next(3)}", GalleryVectors.Random(random))]);
                }
            }
        }
    }

    [TestMethod]
    public async Task Open_WhatDoesNotFit_IsRefused()
    {
        await (await OpenAsync("other_model", options => options)).DisposeAsync();
        var error = await Assert.ThrowsExactlyAsync<FaceGalleryException>(
            () => PostgresFaceGallery.OpenAsync(ConnectionString, TestModel with { EmbeddingSize = 8 }, new PostgresGalleryOptions { Schema = "other_model" }));
        Assert.AreEqual(FaceGalleryProblem.OtherModel, error.Problem);
        StringAssert.Contains(error.Message, "(16 numbers)");
        error = await Assert.ThrowsExactlyAsync<FaceGalleryException>(() => PostgresFaceGallery.OpenAsync("Host=/nowhere;Username=nobody", TestModel));
        Assert.AreEqual(FaceGalleryProblem.Unreachable, error.Problem);
    }

    private static Task<PostgresFaceGallery> OpenAsync(string schema, Func<PostgresGalleryOptions, PostgresGalleryOptions> change) =>
        PostgresFaceGallery.OpenAsync(ConnectionString, TestModel, change(new PostgresGalleryOptions { Schema = schema.ToLowerInvariant(), CosineThreshold = 0.5 }));

    private static float[] Near(float[] direction, Random random) => [.. direction.Select(value => value + ((float)random.NextDouble() - 0.5f))];
}
