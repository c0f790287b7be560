using Microsoft.ML.ArcFace.Gallery;
using static Microsoft.ML.ArcFace.Tests.Gallery.GalleryVectors;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

[TestClass]
public class PhotographIdentificationTests
{
    [TestMethod]
    public async Task IdentifyAll_TwoFacesOfOnePerson_TheNearerKeepsTheName()
    {
        using FaceGallery gallery = Open();
        gallery.Enroll([new FaceToEnroll("ada", At(0)), new FaceToEnroll("bob", At(90))]);
        FaceEmbedding[] faces = [.. new[] { At(12), At(4), At(88), At(200), At(47) }.Select(gallery.Model.Embedding)];
        foreach (IReadOnlyList<FaceIdentification> answers in new[] { gallery.IdentifyAll(faces), await ((IFaceGallery)gallery).IdentifyAllAsync(faces) })
        {
            CollectionAssert.AreEqual(
                new[] { IdentificationOutcome.Ambiguous, IdentificationOutcome.Match, IdentificationOutcome.Match, IdentificationOutcome.Unknown, IdentificationOutcome.Ambiguous },
                answers.Select(answer => answer.Outcome).ToArray());
            CollectionAssert.AreEqual(new int?[] { 1, null, null, null, null }, answers.Select(answer => answer.NearerFace).ToArray());
            Assert.AreEqual((null, "ada"), (answers[0].Person, answers[0].Nearest!.PersonId));
            StringAssert.Contains(answers[0].ToString(), "face 2 of the photograph is nearer");
        }

        Assert.AreEqual(IdentificationOutcome.Match, gallery.Identify(faces[0]).Outcome, "Alone it is a match.");
        Assert.IsEmpty(gallery.IdentifyAll([]));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => gallery.IdentifyAll([faces[0], gallery.Model.Embedding(new float[Size])])).Message, "face 2");
    }

    /// <summary>Against a twin that removes one answer after the other by the rule's words.</summary>
    [TestMethod]
    public void Resolve_DrawnAnswers_NobodyIsThereTwiceAndTheNearestStays()
    {
        var random = new Random(17);
        for (int run = 0; run < 500; run++)
        {
            FaceIdentification[] alone = [.. Enumerable.Range(0, random.Next(7)).Select(_ => Drawn(random))];
            IReadOnlyList<FaceIdentification> together = PhotographIdentification.Resolve(alone);
            Assert.HasCount(alone.Length, together);
            foreach (IGrouping<string, int> person in Enumerable.Range(0, alone.Length).Where(face => alone[face].Person is not null).GroupBy(face => alone[face].Person!.PersonId))
            {
                int nearest = person.OrderByDescending(face => alone[face].Person!.Score).ThenBy(face => face).First();
                foreach (int face in person)
                {
                    Assert.AreEqual(face == nearest ? alone[face] : alone[face] with { Outcome = IdentificationOutcome.Ambiguous, NearerFace = nearest }, together[face]);
                }
            }

            Assert.IsTrue(alone.Zip(together).All(pair => pair.First.Person is not null || pair.First == pair.Second), "What was no match stays as it is.");
        }
    }

    private static FaceIdentification Drawn(Random random)
    {
        string name = $"p{random.Next(3)}";
        var outcome = (IdentificationOutcome)random.Next(3);
        return new FaceIdentification(outcome, new FaceCandidate(name, name, random.Next(5) / 5.0, null), null, 0.1);
    }
}
