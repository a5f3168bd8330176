"""What failures tell beside their titles, as pages say it: the sentences that people may meet.

What only programs or operators meet is not here; a page in another language then tells the title
and what to do.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from accounts.sentences import Sentences

_SENTENCES = Sentences(
    (
        # the file that was sent
        _("The file has no content."),
        _("The file is empty"),
        _("The document took too long to open"),
        _("The decoder gave no sound answer"),
        _("The decoder ended with %(how)s"),
        _("the image has no size"),
        _("the page has no usable size"),
        _("Send a larger file as a form."),
        # archives
        _("It is encrypted; archives are unpacked without a password."),
        _("It is a link or a device, not a file."),
        _("It is compressed by a method other than deflate."),
        _("An office document or a program is not an archive of documents."),
        _("An archive or office document inside an archive."),
        _("The archive has no file in it."),
        _("The archive's directory is too large."),
        _("The archive's directory cannot be read."),
        _("The entry has another size than the archive says."),
        _("The entry is damaged."),
        _("Entries of the archive overlap its directory."),
        _("Entries of the archive overlap."),
        _("An entry lies outside of the archive."),
        # documents fetched
        _("The address redirects: name the one that it leads to."),
        _("The address answered %(status)s."),
        _("The address answers in an encoding that was not asked for."),
        _("The address did not serve the document: %(error)s."),
        _("The address must begin with https://."),
        _("The host must be a public name or address."),
        _("The host has no public address."),
        _("The port must be one of: %(ports)s."),
        _("Many documents are being fetched; try again, or upload the file."),
        _("Many batches are being fetched; try again, or upload the files."),
        _("Many batches are being received at the moment."),
        _("Much is being exported at the moment."),
        # which pages
        _("pages: '%(text)s' is not a page or a range like 2-5"),
        _("pages: '%(text)s' is not a range of pages"),
        _("pages: there is no page %(number)s"),
        _("'%(text)s' is not a page or a range like 2-5"),
        _("'%(text)s' is not a range of pages"),
        # engines
        _("%(engine)s has failed too often; it is tried again in %(seconds)s seconds"),
        _("%(engine)s may read %(most)s pages a day, and has read %(read)s today"),
        _("Of the engines the plan has: %(engines)s."),
        _("The adapter that the job was to be read with was deleted."),
        _("The adapter is gone from the storage."),
        # quotas
        _("The plan allows %(limit)s pages a day; with this document there would be %(actual)s."),
        _("The plan allows %(limit)s pages a month; with this document there would be %(actual)s."),
        _("The plan allows %(limit)s jobs queued and running at once."),
        _(
            "The plan allows %(limit)s bytes of stored documents; with this one there would be "
            "%(actual)s. Delete jobs, or wait until some expire."
        ),
        _(
            "The plan allows %(limit)s bytes of stored documents; with this one there would be "
            "%(actual)s."
        ),
        _(
            "The organisation's budget for this month is %(allowed)s; with this one more it might "
            "come to %(wanted)s."
        ),
        _(
            "The plan allows %(limit)s seconds of training a month; with this run's %(most)s there "
            "would be %(actual)s. Ask for fewer (max_seconds)."
        ),
        # jobs, batches and results
        _("%(done)s of %(total)s pages were read."),
        _("No document of the batch has ended without success."),
        _("The batch has ended already."),
        _("There is no text on the pages."),
        _("There is no such table on this page."),
        _("It was not asked for: submit the document again with outputs=pdf."),
        _("The PDF was not written whole"),
        _("The document took too long to write"),
        _("The writer ended on this document"),
        # templates and reviews
        _("No field was found on these pages: there is nothing to begin with."),
        _("There is no template '%(name)s'."),
        _("The template '%(name)s' has been deleted."),
        _("The template '%(name)s' has been deleted since."),
        _("There is a template '%(name)s' already."),
        _("Confirm the fields of some documents read with this template first."),
        _("The page was not sent whole."),
        _("There is no such version."),
        _("There is no such choice."),
        _("There is no value that could be right."),
        _("Type what the field holds."),
        _("Look at its newest version."),
        _("template: the template: '%(name)s' is a required property"),
        _("template: %(place)s: '%(name)s' is a required property"),
        _("template: the template: %(value)s is not of type '%(type)s'"),
        _("template: %(place)s: %(value)s is not of type '%(type)s'"),
        _("template: %(place)s: is not one of: %(choices)s"),
        _("template: %(place)s: '%(name)s' is there twice"),
        _("template: %(place)s: too long"),
        _("template: %(place)s: a table needs some"),
        _("template: %(place)s: are for tables that are not in the catalogue"),
        _("template: %(place)s: is too complicated"),
        _("template: %(place)s: takes too long on short texts (nested repetition)"),
        _("template: the template: %(reason)s"),
        _("template: %(place)s: %(reason)s"),
        # fine-tuning
        _("Wait for the training run to end, or cancel it."),
        _("The dataset has a training run that has not ended."),
        _("There is a dataset '%(name)s'."),
        _("engine: small letters, digits and hyphens, 40 at most."),
        _("%(engine)s reads with it, or may go back to it: delete that first."),
        _(
            "%(train)s pages to learn from and %(held_out)s to measure by; at least %(least)s and "
            "%(measured)s are needed. About one page of five is held out, by its content: add more."
        ),
        _(
            "Of %(count)s examples %(skipped)s could not be used; %(train)s to learn from and "
            "%(held_out)s to measure by are left."
        ),
        _("What was kept of the training is not what it was."),
        _("What was kept of the training is larger than allowed."),
        # a schema that was to be filled
        _("is not there"),
        _("the schema does not say what it is"),
        _("none of the values it may have is on the pages: %(values)s"),
        _("%(count)s of the values it may have are on the pages, and no label tells"),
        _("no table on the pages has headings for its items"),
        _("nothing on the pages is one of its items"),
        _("nothing on the pages is labelled %(labels)s (%(kind)s)"),
        _("'%(text)s' stands there, which is no %(type)s"),
    )
)


def detail_words(english: str) -> str:
    """The detail in the language of the page, "" where it has no translation."""
    return _SENTENCES.said(english)
