using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Serving;

/// <summary>The embedder as a generator of Microsoft.Extensions.AI, with its decorators around it.</summary>
[TestClass]
public class EmbeddingGeneratorTests
{
    private static DrawnPeople s_people = null!;
    private static string[] s_pictures = [];
    private static string s_zip = "";
    private static FaceEmbedder s_embedder = null!;

    [ClassInitialize]
    public static void Save(TestContext _)
    {
        s_people = new DrawnPeople(people: 3, picturesPerPerson: 1);
        var ml = new MLContext(seed: 1);
        IDataView data = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
        s_pictures = [.. data.GetColumn<string>("ImagePath")];
        s_zip = Path.Combine(s_people.Folder, "faces.zip");
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding), data.Schema, s_zip);
        s_embedder = new FaceEmbedder(s_zip, new FaceEmbedder.Options { ReloadInterval = null });
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_embedder.Dispose();
        s_people.Dispose();
    }

    [TestMethod]
    public async Task GenerateAsync_SeveralPhotographs_GivesWhatEmbedGives()
    {
        IEmbeddingGenerator<FacePhotograph, Embedding<float>> generator = s_embedder;
        GeneratedEmbeddings<Embedding<float>> generated = await generator.GenerateAsync(s_pictures.Select(FacePhotograph.FromFile));
        Assert.HasCount(3, generated);
        foreach ((string picture, Embedding<float> embedding) in s_pictures.Zip(generated))
        {
            FaceEmbedderTests.IsSame(s_embedder.Embed(picture).Vector, embedding.Vector.ToArray());
            Assert.AreEqual(s_embedder.Fingerprint, embedding.ModelId);
        }

        Assert.IsEmpty(await generator.GenerateAsync([]));
        await Assert.ThrowsExactlyAsync<FaceImageException>(() => generator.GenerateAsync([s_pictures[0], "missing.jpg"]));
        var metadata = (EmbeddingGeneratorMetadata)generator.GetService(typeof(EmbeddingGeneratorMetadata))!;
        Assert.AreEqual((s_embedder.Fingerprint, 16), (metadata.DefaultModelId, metadata.DefaultModelDimensions));
        Assert.AreSame(s_embedder, generator.GetService(typeof(FaceEmbedder)));
        Assert.IsNull(generator.GetService(typeof(FaceEmbedder), "a key"));
    }

    [TestMethod]
    public async Task GenerateAsync_OptionsOfAnotherModel_AreRefused()
    {
        IEmbeddingGenerator<FacePhotograph, Embedding<float>> generator = s_embedder;
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<ArgumentException>(() => generator.GenerateAsync([s_pictures[0]], new EmbeddingGenerationOptions { Dimensions = 8 }))).Message, "Embeddings of 8 numbers");
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<ArgumentException>(() => generator.GenerateAsync([s_pictures[0]], new EmbeddingGenerationOptions { ModelId = "other" }))).Message, "'other'");
        Assert.HasCount(1, await generator.GenerateAsync([s_pictures[0]], new EmbeddingGenerationOptions { Dimensions = 16, ModelId = s_embedder.Fingerprint }));
    }

    [TestMethod]
    public async Task UseDistributedCache_KeysOfJson_AreRefused()
    {
        // Two uploads are called the same; with JSON for a key, the second would get the first one's embedding.
        FacePhotograph[] uploads = [.. s_pictures.Take(2).Select(picture => FacePhotograph.FromBytes(File.ReadAllBytes(picture), "upload.jpg"))];
        IEmbeddingGenerator<FacePhotograph, Embedding<float>> cached = s_embedder.AsBuilder().UseDistributedCache(Cache()).Build();
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<NotSupportedException>(() => cached.GenerateAsync([uploads[0]]))).Message, "GetCacheKey");
        Assert.ThrowsExactly<NotSupportedException>(() => JsonSerializer.Serialize(uploads[0]));
        Assert.ThrowsExactly<NotSupportedException>(() => JsonSerializer.Deserialize<FacePhotograph>("{}"));
    }

    [TestMethod]
    public async Task CacheByGetCacheKey_TwoUploadsOfOneName_GetTheirOwnEmbeddings()
    {
        var counted = new CountingGenerator(s_embedder);
        var cached = new PhotographCache(counted, s_embedder, Cache());
        // Not disposed of: a decorator disposes of the embedder.
        FacePhotograph[] uploads = [.. s_pictures.Take(2).Select(picture => FacePhotograph.FromBytes(File.ReadAllBytes(picture), "upload.jpg"))];
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < uploads.Length; i++)
            {
                FaceEmbedderTests.IsSame(s_embedder.Embed(s_pictures[i]).Vector, (await cached.GenerateAsync([uploads[i]]))[0].Vector.ToArray());
            }
        }

        Assert.AreEqual(2, counted.Photographs, "The second round comes from the cache.");
        Assert.AreEqual(s_embedder.GetCacheKey(uploads[0]), s_embedder.GetCacheKey(s_pictures[0]), "Of the same pixels there is one key, whatever the name.");
    }

    [TestMethod]
    public void GetCacheKey_WhateverDecidesTheAnswer_MakesAnotherKey()
    {
        using FaceEmbedder aligned = new(s_zip, new FaceEmbedder.Options { ReloadInterval = null, RequireAligned = true }), other = Other();
        string[] keys =
        [
            s_embedder.GetCacheKey(s_pictures[0]), s_embedder.GetCacheKey(s_pictures[1]), s_embedder.GetCacheKey(FacePhotograph.FromFile(s_pictures[0]).AsReference()),
            aligned.GetCacheKey(s_pictures[0]), other.GetCacheKey(s_pictures[0]),
        ];
        Assert.HasCount(keys.Length, keys.Distinct());
        Assert.IsTrue(keys.All(key => key.Length == 64));
        Assert.ThrowsExactly<ArgumentException>(() => s_embedder.GetCacheKey(s_pictures[0], new EmbeddingGenerationOptions { Dimensions = 8 }));
        Assert.ThrowsExactly<FaceImageException>(() => s_embedder.GetCacheKey("missing.jpg"));

        static FaceEmbedder Other()
        {
            string zip = Path.Combine(s_people.Folder, "other.zip");
            var ml = new MLContext(seed: 1);
            IDataView data = ml.FaceRecognition().LoadFromFolder(s_people.Folder);
            using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create(addMirrorImage: true);
            ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding), data.Schema, zip);
            return new FaceEmbedder(zip, new FaceEmbedder.Options { ReloadInterval = null });
        }
    }

    private static MemoryDistributedCache Cache() => new(Options.Create(new MemoryDistributedCacheOptions()));

    /// <summary>The cache that docs/recognition.md shows.</summary>
    private sealed class PhotographCache(IEmbeddingGenerator<FacePhotograph, Embedding<float>> inner, FaceEmbedder embedder, IDistributedCache storage)
        : DistributedCachingEmbeddingGenerator<FacePhotograph, Embedding<float>>(inner, storage)
    {
        protected override string GetCacheKey(params ReadOnlySpan<object?> values) => embedder.GetCacheKey((FacePhotograph)values[0]!, (EmbeddingGenerationOptions?)values[1]);
    }

    private sealed class CountingGenerator(IEmbeddingGenerator<FacePhotograph, Embedding<float>> inner) : DelegatingEmbeddingGenerator<FacePhotograph, Embedding<float>>(inner)
    {
        public int Photographs { get; private set; }

        public override Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<FacePhotograph> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
        {
            FacePhotograph[] all = [.. values];
            Photographs += all.Length;
            return base.GenerateAsync(all, options, cancellationToken);
        }
    }
}
